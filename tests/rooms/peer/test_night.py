"""Who talks with whom outside class."""

from rooms.peer.night import Waiting, pairs


def paired(*waiting, apart=()):
    people = [Waiting(key, answer) for key, answer in waiting]
    return pairs(people, apart={frozenset(pair) for pair in apart}, same=str.casefold)


def test_another_answer_comes_first_and_who_waits_longest_chooses():
    assert paired(("ada", "A"), ("bea", "a"), ("carl", "B")) == [("ada", "carl")]
    assert paired(("ada", "A"), ("bea", "A"), ("carl", "B"), ("dan", "C")) == [
        ("ada", "carl"),
        ("bea", "dan"),
    ]


def test_the_same_answer_is_better_than_nobody():
    assert paired(("ada", "A"), ("bea", "A")) == [("ada", "bea")]
    assert paired(("ada", "A")) == []


def test_those_who_never_work_together_do_not_here_either():
    assert paired(("ada", "A"), ("bea", "B"), apart=[("bea", "ada")]) == []
    assert paired(("ada", "A"), ("bea", "B"), ("carl", "A"), apart=[("bea", "ada")]) == [
        ("bea", "carl")
    ]
