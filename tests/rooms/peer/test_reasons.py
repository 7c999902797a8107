"""Which reasons for other answers a student sees outside class."""

import random

from rooms.peer.offers import Reason
from rooms.peer.reasons import ANSWERS, EACH, Candidate, Source, choose

LONG = "The force is the same on both, as each acts on the other with what acts on it, always."


def of(source, key, author, answer, text=LONG, names=()):
    return Candidate(source, Reason(key=key, author=author, answer=answer, text=text, names=names))


def chosen(*candidates, answer="A", reader="me", seed=0):
    found = choose(
        candidates, reader=reader, answer=answer, same=str.casefold, rng=random.Random(seed)
    )
    return [(one.source.value, one.reason.key) for one in found]


def test_the_first_student_sees_what_the_lecturer_wrote_for_other_answers():
    seeds = [of(Source.SEED, 1, None, "A"), of(Source.SEED, 2, None, "B", "Short.")]
    assert chosen(*seeds) == [("seed", 2)]


def test_reasons_are_for_other_answers_by_others():
    found = chosen(
        of(Source.VOTE, 1, "me", "B"),
        of(Source.VOTE, 2, "ada", "a"),
        of(Source.TAKE, 3, "bea", "C"),
    )
    assert found == [("take", 3)]


def test_every_other_answer_has_one_and_none_has_more_than_its_share():
    many = [of(Source.VOTE, key, f"s{key}", "B") for key in range(50)]
    short = of(Source.TAKE, 99, "bea", "C", "F = ma")
    for seed in range(20):
        found = chosen(*many, short, seed=seed)
        assert ("take", 99) in found
        assert len(found) == EACH + 1


def test_nobody_speaks_twice_for_an_answer_and_argument_come_before_assertions():
    for seed in range(20):
        found = chosen(
            of(Source.VOTE, 1, "ada", "B"),
            of(Source.TAKE, 2, "ada", "B"),
            of(Source.VOTE, 3, "bea", "B", "no idea"),
            seed=seed,
        )
        assert found in ([("vote", 1)], [("take", 2)])


def test_a_text_that_tells_its_author_is_never_shown():
    assert (
        chosen(
            of(Source.VOTE, 1, "ada", "B", f"{LONG} Ada", names=("ada",)),
            of(Source.VOTE, 2, "bea", "C", f"{LONG} write to bea@example.org"),
        )
        == []
    )


def test_of_very_many_answers_some_are_shown():
    many = [of(Source.VOTE, key, f"s{key}", f"answer {key}") for key in range(50)]
    assert len(chosen(*many)) == ANSWERS
