"""The two ways of storing a batch of votes do the same: written out, and by the ORM."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rooms.actions import session
from rooms.actions.statements import ballots as statements
from rooms.actions.votes import Ballot, DraftBallot, leave_draft, store_ballots
from rooms.models import ClassSettings, Draft, Enrollment, FormerSlug, UseLog, Vote
from rooms.peer.asking import Asked
from rooms.wire.commands import StartQuestion
from rooms.wire.errors import IncompleteVote, InvalidChoice, PermissionDenied, RoundClosed
from tests.rooms.cast import make_question


@pytest.fixture(params=["written out", "ORM"])
def way(request, monkeypatch):
    if request.param == "ORM":
        monkeypatch.setattr(statements, "_is_postgresql", lambda: False)
    elif connection.vendor != "postgresql":
        pytest.skip("written out for PostgreSQL only")
    return request.param


@pytest.fixture
def school(school):
    make_question(school.course, "force")
    start = StartQuestion(uuid="start", question="force")
    session.control(user=school.ines, course="physics", command=start)
    return school


def ballot(user, choice, *, course="physics", **fields):
    return Ballot(user, course, choice, **fields)


def outcome(result):
    return result.choice if isinstance(result, Vote) else type(result)


def test_a_batch_of_everything(school, way):
    FormerSlug.objects.create(course=school.course, slug="mechanics", left_at=timezone.now())
    reason = "Quotes ' \" \\ %s {} $1, a line\nbreak, \u2028, ẞ, 🧲."
    leave_draft(ballot=DraftBallot(school.carl, "physics", "D"))
    UseLog.objects.all().delete()
    now = timezone.now()
    results = store_ballots(
        [
            ballot(school.ada, "A", confidence=5, rationale=reason),
            ballot(school.bea, "B"),
            ballot(school.ada, "C", question="force", round=1),  # replaces the first one
            ballot(school.tess, "A"),
            ballot(school.zoe, "A"),
            ballot(school.carl, "A", course="mechanics"),
            ballot(school.ada, "Z"),
            ballot(school.bea, "B", round=2),
            ballot(school.bea, "B", course="nowhere"),
        ]
    )
    assert [outcome(result) for result in results] == [
        "A",
        "B",
        "C",
        PermissionDenied,
        PermissionDenied,
        "A",
        InvalidChoice,
        RoundClosed,
        PermissionDenied,
    ]
    stored = {
        name: (choice, confidence, rationale)
        for name, choice, confidence, rationale in Vote.objects.values_list(
            "user__username", "choice", "confidence", "rationale"
        )
    }
    assert stored == {"ada": ("C", None, ""), "bea": ("B", None, ""), "carl": ("A", None, "")}
    assert {v.user_id: v.cast_at for v in Vote.objects.all()} == {
        results[n].user_id: results[n].cast_at for n in (1, 2, 5)
    }
    assert results[2].cast_at > results[0].cast_at >= now
    assert not Draft.objects.exists()
    assert sorted(UseLog.objects.values_list("sid", "event", "act", "div_id", "course_id")) == [
        ("ada", "vote", "A:vote1", "force", "physics"),
        ("ada", "vote", "C:vote1", "force", "physics"),
        ("bea", "vote", "B:vote1", "force", "physics"),
        ("carl", "vote", "A:vote1", "force", "physics"),
    ]
    assert set(UseLog.objects.values_list("in_course", "user__username", "named")) == {
        (school.course.pk, name, None) for name in ("ada", "bea", "carl")
    }
    # Then again, all of them replaced at once, with what the first ones lacked.
    store_ballots([ballot(user, "D", confidence=1, rationale=reason) for user in voters(school)])
    again = Vote.objects.values_list("choice", "confidence", "rationale")
    assert list(again) == [("D", 1, reason)] * 3


def voters(school):
    return school.ada, school.bea, school.carl


def test_votes_of_a_user_are_ordered_even_if_the_clock_steps_back(school, way):
    store_ballots([ballot(school.ada, "A")])
    later = timezone.now() + timedelta(hours=1)
    Vote.objects.update(cast_at=later)
    (vote,) = store_ballots([ballot(school.ada, "B")])
    assert vote.cast_at == later + timedelta(microseconds=1)
    assert Vote.objects.get().cast_at == vote.cast_at


def test_a_class_may_require_more_and_take_less(school, way):
    ClassSettings.objects.create(
        course=school.course, asks_confidence=Asked.REQUIRED, asks_reason=Asked.OFF
    )
    without, whole = store_ballots(
        [ballot(school.ada, "A"), ballot(school.bea, "B", confidence=2, rationale="Because")]
    )
    assert isinstance(without, IncompleteVote)
    assert (whole.confidence, whole.rationale) == (2, "")
    assert Vote.objects.get().user == school.bea


def test_after_the_deadline_nothing_counts(school, way):
    school.course.class_sessions.update(deadline=timezone.now())
    (late,) = store_ballots([ballot(school.ada, "A")])
    assert isinstance(late, RoundClosed)
    assert not Vote.objects.exists()


def test_nothing_to_store(school, way):
    assert store_ballots([]) == []
    Enrollment.objects.all().delete()
    assert outcome(*store_ballots([ballot(school.ada, "A")])) is PermissionDenied


def test_four_statements_whatever_the_size(school):
    if connection.vendor != "postgresql":
        pytest.skip("written out for PostgreSQL only")
    with CaptureQueriesContext(connection) as captured:
        store_ballots([ballot(user, choice) for choice in "ABCD" for user in voters(school)])
    kept = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]
    assert len(kept) == 4
    assert list(Vote.objects.values_list("choice", flat=True)) == ["D"] * 3
