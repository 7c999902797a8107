"""Drafts of votes, and the close of a round that counts them."""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from rooms.actions import session
from rooms.actions.session import Closing, Moved
from rooms.actions.votes import Ballot, DraftBallot, cast_vote, leave_draft, store_drafts
from rooms.models import ClassSession, Draft, Enrollment, UseLog, Vote
from rooms.queries import classroom, results
from rooms.wire.commands import (
    Announce,
    CountDownAndStop,
    DraftVote,
    NextQuestion,
    Reopen,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import (
    IllegalTransition,
    InvalidChoice,
    PermissionDenied,
    RateLimited,
    RoundClosed,
    TextTooLong,
)
from tests.rooms.cast import make_question

COURSE = "physics"


@pytest.fixture
def school(school):
    make_question(school.course, "force")
    give(school.ines, StartQuestion(uuid="start", question="force"))
    return school


def give(user, command):
    return session.control(user=user, course=COURSE, command=command)


def stop(school, uuid="stop"):
    return session.begin(user=school.ines, course=COURSE, command=StopVote(uuid=uuid))


def pass_time(seconds=3600):
    """Let the deadline of the class be so long ago."""
    at = timezone.now() - timedelta(seconds=seconds)
    ClassSession.objects.filter(ended_at=None).update(deadline=at)


def choose(user, choice, *, after=None, number=1, confidence=None, rationale=""):
    return leave_draft(
        ballot=DraftBallot(user, COURSE, choice, confidence, rationale, "force", number, after)
    )


def vote(user, choice):
    return cast_vote(ballot=Ballot(user, COURSE, choice)).cast_at.timestamp()


def counted(number=1):
    votes = Vote.objects.filter(round__number=number)
    return dict(votes.values_list("user__username", "choice"))


@pytest.fixture
def long_grace(monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "CLOSE_GRACE", 60.0)


def test_a_draft_is_no_vote_until_the_round_closes(school):
    choose(school.ada, "C", confidence=4, rationale="Because.")
    vote(school.bea, "A")
    assert counted() == {"bea": "A"}
    figures = results.figures(school.course)
    assert (figures.votes, figures.histograms[0]["C"]) == ([1, 0], 0)
    assert not UseLog.objects.filter(event="vote", sid="ada").exists()
    give(school.ines, StopVote(uuid="stop"))
    assert counted() == {"bea": "A", "ada": "C"}
    counts = Vote.objects.get(user=school.ada)
    assert (counts.confidence, counts.rationale) == (4, "Because.")
    assert counts.cast_at < counts.round.closed_at
    assert results.figures(school.course).histograms[0] == {"A": 1, "B": 0, "C": 1, "D": 0}
    row = UseLog.objects.get(event="vote", sid="ada")
    assert (row.act, row.div_id, row.course_id) == ("C:vote1", "force", COURSE)
    assert not Draft.objects.exists()


def test_the_deadline_counts_drafts_too(school):
    give(school.ines, CountDownAndStop(uuid="down", seconds=600))
    choose(school.ada, "C")
    pass_time()
    with pytest.raises(RoundClosed):
        choose(school.bea, "A")
    assert session.close_due_rounds() == 1
    assert counted() == {"ada": "C"}
    acts = UseLog.objects.filter(event="peer").order_by("pk").values_list("act", flat=True)
    assert list(acts)[-1] == "deadline"


def test_a_later_vote_stands(school):
    choose(school.ada, "C")
    vote(school.ada, "A")
    assert not Draft.objects.exists()
    give(school.ines, StopVote(uuid="stop"))
    assert counted() == {"ada": "A"}


def test_a_draft_does_not_replace_a_vote_that_its_client_does_not_know(school):
    first = vote(school.ada, "A")
    second = vote(school.ada, "B")
    assert choose(school.ada, "C") is None
    assert choose(school.ada, "C", after=first) is None
    assert not Draft.objects.exists()
    assert choose(school.ada, "D", after=second).choice == "D"
    assert choose(school.ada, "C", after=second).choice == "C"
    assert counted() == {"ada": "B"}
    give(school.ines, StopVote(uuid="stop"))
    assert counted() == {"ada": "C"}


def test_votes_and_drafts_are_ordered_though_the_clock_steps_back(school):
    vote(school.ada, "A")
    later = timezone.now() + timedelta(hours=1)
    Vote.objects.update(cast_at=later)
    assert vote(school.ada, "B") > later.timestamp()
    draft = choose(school.ada, "C", after=later.timestamp() + 1)
    assert draft.sent_at > Vote.objects.get().cast_at
    Draft.objects.update(sent_at=later + timedelta(hours=1))
    assert vote(school.ada, "D") > (later + timedelta(hours=1)).timestamp()


def test_drafts_that_come_together(school):
    ballots = [
        DraftBallot(user, COURSE, choice, None, "", "force", 1)
        for user, choice in ((school.ada, "A"), (school.bea, "B"), (school.ada, "C"))
    ]
    first, _, last = store_drafts(ballots)
    assert last.sent_at > first.sent_at
    assert dict(Draft.objects.values_list("user__username", "choice")) == {"ada": "C", "bea": "B"}


def test_refused_drafts(school):
    for who in (school.tess, school.ines, school.ivan, school.zoe):
        with pytest.raises(PermissionDenied):
            choose(who, "A")
    with pytest.raises(InvalidChoice):
        choose(school.ada, "Z")
    with pytest.raises(RoundClosed):
        choose(school.ada, "A", number=2)
    give(school.ines, StopVote(uuid="stop"))
    with pytest.raises(RoundClosed):
        choose(school.ada, "A")
    assert not Draft.objects.exists()
    assert counted() == {}


def test_each_round_has_drafts_of_its_own(school):
    choose(school.ada, "A")
    give(school.ines, StopVote(uuid="stop"))
    give(school.ines, Reopen(uuid="again"))
    assert classroom.snapshot(school.ada, COURSE).draft is None
    give(school.ines, StopVote(uuid="stop again"))
    give(school.ines, StartRevote(uuid="revote"))
    choose(school.ada, "B", number=2)
    assert classroom.snapshot(school.ada, COURSE).draft.choice == "B"
    assert classroom.snapshot(school.bea, COURSE).draft is None
    give(school.ines, StopVote(uuid="the second"))
    assert (counted(1), counted(2)) == ({"ada": "A"}, {"ada": "B"})


def test_a_draft_of_somebody_who_has_left_does_not_count(school):
    choose(school.ada, "A")
    Enrollment.objects.filter(user=school.ada).delete()
    give(school.ines, StopVote(uuid="stop"))
    assert counted() == {}
    assert not Draft.objects.exists()


def test_a_draft_has_the_cleaned_rationale_of_its_command(school, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "DRAFT_BURST", 1)
    monkeypatch.setitem(settings.PEERCHAT, "DRAFT_RATE", 0.001)
    fields = {"uuid": "u", "course": COURSE, "question": "force", "round": 1, "choice": "A"}
    with pytest.raises(TextTooLong):
        DraftBallot.of_draft(school.ada, DraftVote(**fields, rationale="a" * 1001))
    command = DraftVote(**fields, rationale="\nBecause\n", confidence=3, after=5.0)
    ballot = DraftBallot.of_draft(school.ada, command)
    assert (ballot.rationale, ballot.confidence, ballot.after) == ("Because", 3, 5.0)
    with pytest.raises(RateLimited):
        DraftBallot.of_draft(school.ada, command)


# --- the close -----------------------------------------------------------------------------------


def test_a_stop_closes_the_round_after_the_grace(school, long_grace):
    closing = stop(school)
    assert isinstance(closing, Closing)
    assert 50 < closing.seconds <= 60
    state = classroom.snapshot(school.ada, COURSE)
    assert (state.phase, state.epoch, state.deadline) == ("vote", 1, closing.deadline.timestamp())
    # Until then students see an open vote, and it takes their votes.
    vote(school.bea, "A")
    choose(school.ada, "C")
    assert stop(school) == closing
    pass_time()
    assert stop(school) == Moved("vote_closed", 2)
    assert counted() == {"ada": "C", "bea": "A"}
    assert stop(school) == Moved("vote_closed", 2)
    acts = UseLog.objects.filter(event="peer").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["start_question", "stop_vote"]


def test_another_process_may_close_the_round(school, long_grace):
    stop(school)
    pass_time()
    assert session.close_due_rounds() == 1
    assert stop(school) == Moved("vote_closed", 2)
    acts = UseLog.objects.filter(event="peer").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["start_question", "stop_vote"]


def test_nothing_else_moves_a_class_whose_vote_is_closing(school, long_grace):
    stop(school)
    for user, command in (
        (school.tess, StopVote(uuid="another")),
        (school.ines, CountDownAndStop(uuid="down", seconds=30)),
    ):
        with pytest.raises(IllegalTransition) as refusal:
            give(user, command)
        assert refusal.value.extra == {"phase": "vote", "epoch": 1}
    give(school.tess, Announce(uuid="words", text="Soon."))
    pass_time()
    assert stop(school) == Moved("vote_closed", 2)
    give(school.tess, Reopen(uuid="again"))
    give(school.tess, CountDownAndStop(uuid="down again", seconds=30))


def test_a_deadline_that_is_near_is_not_put_off(school, long_grace):
    give(school.ines, CountDownAndStop(uuid="down", seconds=5))
    deadline = ClassSession.objects.get().deadline
    assert stop(school) == Closing(deadline)
    ClassSession.objects.update(deadline=timezone.now() + timedelta(seconds=600), closing="")
    assert stop(school).seconds <= 60


def test_without_a_grace_a_stop_closes_the_round_at_once(school, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "CLOSE_GRACE", 0)
    choose(school.ada, "C")
    assert stop(school) == Moved("vote_closed", 2)
    assert counted() == {"ada": "C"}


def test_in_a_transaction_of_the_caller_a_stop_closes_the_round_at_once(school, long_grace):
    """Waiting would be useless: before the commit nobody hears of the close, or can vote."""
    choose(school.ada, "C")
    assert give(school.ines, StopVote(uuid="stop")) == Moved("vote_closed", 2)
    assert counted() == {"ada": "C"}
    give(school.ines, Reopen(uuid="again"))
    # A command from outside the transaction, given before, now closes the round at once, too.
    assert isinstance(stop(school, "later"), Closing)
    assert give(school.ines, StopVote(uuid="later")) == Moved("vote_closed", 4)


# --- figures -------------------------------------------------------------------------------------


def test_a_question_without_a_right_answer_has_no_transitions_and_no_gain(school):
    give(school.ines, StopVote(uuid="left"))
    ClassSession.objects.get().current_round.question.choices.update(is_correct=False)
    give(school.ines, NextQuestion(uuid="next", question="force"))
    for user in (school.ada, school.bea):
        vote(user, "A")
    give(school.ines, StopVote(uuid="stop"))
    give(school.ines, StartRevote(uuid="revote"))
    for user in (school.ada, school.bea):
        vote(user, "B")
    give(school.ines, StopVote(uuid="stop again"))
    figures = results.figures(school.course)
    assert figures.votes == [2, 2]
    assert (figures.transitions, figures.gain) == (None, None)


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_has_a_time_before_its_reads(school):
    """Otherwise a client that asks for news since then would miss a vote that came meanwhile."""
    reads = []

    def read(execute, *call):
        reads.append(time.time())
        return execute(*call)

    with connection.execute_wrapper(read):
        state = classroom.snapshot(school.ada, COURSE)
    assert state.server_time <= reads[0]
