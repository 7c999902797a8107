"""What the simulated students decide: the same for a key, and plausible for every key."""

from collections import Counter

import pytest

from rooms.peer import bots
from rooms.peer.bots import PlannedVote
from rooms.peer.phases import Phase, normalised_gain

KEYS = [f"key {number}" for number in range(12)]
LETTERS = "ABCD"


def choices(votes: dict[int, PlannedVote]) -> dict[int, str]:
    return {number: vote.choice for number, vote in votes.items()}


@pytest.mark.parametrize("students", [10, 30, 100])
@pytest.mark.parametrize("key", KEYS)
def test_about_half_are_right_at_first_and_some_do_not_vote(key, students):
    votes = bots.first_votes(key, students, LETTERS, "B")
    right = sum(vote.choice == "B" for vote in votes.values()) / len(votes)
    assert 0.4 <= right <= 0.65
    assert len(votes) == students - students // 15
    assert set(votes) <= set(range(1, students + 1))
    assert {vote.choice for vote in votes.values()} <= set(LETTERS)


@pytest.mark.parametrize("key", KEYS)
def test_votes_are_spread_and_most_come_within_25_seconds(key):
    votes = list(bots.first_votes(key, 60, LETTERS, "B").values())
    times = sorted(vote.after for vote in votes)
    assert times[0] >= 2
    assert times[len(times) // 2] <= 25
    assert times[-1] <= 40
    assert len({round(one, 1) for one in times}) > len(times) / 2


def test_who_is_right_is_more_confident():
    means = {}
    for right in (True, False):
        given = [
            vote.confidence
            for key in KEYS
            for vote in bots.first_votes(key, 30, LETTERS, "B").values()
            if (vote.choice == "B") is right and vote.confidence is not None
        ]
        means[right] = sum(given) / len(given)
        assert set(given) == {1, 2, 3, 4, 5}
    assert means[True] > means[False] + 0.3


def test_one_wrong_answer_attracts_more_than_others():
    for key in KEYS:
        wrong = Counter(choices(bots.first_votes(key, 100, LETTERS, "B")).values())
        del wrong["B"]
        most = wrong.most_common()
        assert most[0][1] >= 1.5 * most[-1][1]


@pytest.mark.parametrize("key", KEYS)
def test_a_question_without_a_right_answer_is_answered_too(key):
    first = choices(bots.first_votes(key, 30, "ABC", None))
    assert len(set(first.values())) > 1
    second = choices(bots.second_votes(key, first, "ABC", None, {key_0: ["A"] for key_0 in first}))
    moved = {number for number in first if second[number] != first[number]}
    assert {second[number] for number in moved} <= {"A"}


def paired(first: dict[int, str]) -> dict[int, list[str]]:
    """Give each wrong student a right partner as long as there are some."""
    right = [number for number in first if first[number] == "B"]
    wrong = [number for number in first if first[number] != "B"]
    company: dict[int, list[str]] = {}
    for one, other in zip(right, wrong, strict=False):
        company[one], company[other] = [first[other]], [first[one]]
    return company


@pytest.mark.parametrize("key", KEYS)
def test_the_discussion_gains_what_classes_report(key):
    first = choices(bots.first_votes(key, 30, LETTERS, "B"))
    second = choices(bots.second_votes(key, first, LETTERS, "B", paired(first)))
    assert second.keys() == first.keys()
    before, after = (sum(one == "B" for one in votes.values()) for votes in (first, second))
    gain = normalised_gain(before, after, len(first))
    assert gain is not None
    assert 0.25 <= gain <= 0.75
    # Without partners, few change.
    alone = choices(bots.second_votes(key, first, LETTERS, "B", {}))
    assert sum(alone[number] != first[number] for number in first) <= 6


def test_the_same_key_decides_alike_and_another_one_does_not():
    plans = [bots.first_votes(key, 30, LETTERS, "B") for key in ("one", "one", "two")]
    assert plans[0] == plans[1] != plans[2]


@pytest.mark.parametrize(
    ("since", "left", "due"),
    [(9.9, None, False), (10.0, None, True), (5.0, 2.1, False), (5.0, 2.0, True), (5.0, -1, True)],
)
def test_a_vote_is_due_at_its_time_or_just_before_the_close(since, left, due):
    assert PlannedVote("A", 3, after=10.0, rush=2.0).is_due(since, left) is due


@pytest.mark.parametrize("key", KEYS)
def test_all_arrive_and_one_or_two_leave_and_come_back(key):
    numbers = range(1, 31)
    leaving = bots.leavers(key, numbers)
    assert len(leaving) == 2
    assert bots.leavers(key, [3]) == set()

    def here(since_start: float, phase: Phase, since_phase: float) -> set[int]:
        return {
            number
            for number in numbers
            if bots.is_here(
                key,
                number,
                since_start=since_start,
                phase=phase,
                since_phase=since_phase,
                leaves=number in leaving,
            )
        }

    assert here(0.0, Phase.IDLE, 0.0) == set()
    assert 0 < len(here(2.5, Phase.IDLE, 0.0)) < 30
    assert here(5.0, Phase.IDLE, 0.0) == set(numbers)
    assert here(60.0, Phase.DISCUSS, 20.0) == set(numbers) - leaving
    assert here(60.0, Phase.DISCUSS, 34.0) == here(60.0, Phase.REVOTE, 20.0) == set(numbers)


@pytest.mark.parametrize("key", KEYS)
def test_a_discussion_has_a_few_lines(key):
    said = bots.lines(key, 4, "A", ["B"], "B", real=False)
    assert 2 <= len(said) <= 4
    assert said[0].kind == "open"
    assert [one.other for one in said if one.kind == "switch"] == ["B"]
    assert all(2 <= one.after <= 45 for one in said)
    # Somebody real is left room, and who has not voted asks.
    assert len(bots.lines(key, 4, "A", ["B"], "B", real=True)) <= 2
    assert bots.lines(key, 4, None, [""], None, real=False)[0].kind == "lost"


def test_who_keeps_an_answer_that_others_do_not_have_says_so_at_times():
    def stays(others: list[str]) -> int:
        said = [bots.lines(key, 4, "A", others, "A", real=False) for key in map(str, range(100))]
        return sum(line.kind == "stay" for lines in said for line in lines)

    assert 30 < stays(["B"]) < 70
    assert stays(["A"]) == 0, "nobody disagreed"


@pytest.mark.parametrize(
    ("text", "letters", "own", "kind", "other"),
    [
        ("Why not?", "ABCD", "A", "because", ""),
        ("لماذا؟", "ABCD", "A", "because", ""),
        ("I took A", "ABCD", "A", "same", ""),
        ("It is B, I think", "ABCD", "A", "doubt", "B"),
        ("A or B", "ABCD", "B", "same", ""),
        ("Because of the weight", "ABCD", "A", "listen", ""),
        ("E is no letter here", "ABCD", "A", "listen", ""),
        ("AB and Bob", "ABCD", "A", "listen", ""),
        ("B?", "ABCD", None, "lost", ""),
        ("Hello", "", None, "hello", ""),
    ],
)
def test_an_answer_fits_the_message(text, letters, own, kind, other):
    line = bots.answer("key", text, letters, own)
    assert (line.kind, line.other) == (kind, other)
    assert 2.5 <= line.after <= 6.0


def test_one_student_of_a_room_answers():
    assert bots.answering("key", [7]) == 7
    assert {bots.answering(key, [3, 9]) for key in KEYS} == {3, 9}
