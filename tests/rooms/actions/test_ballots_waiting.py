"""Votes that waited for the lock of the class are judged by what is so then."""

import pytest
from django.db import connection, transaction

from rooms.actions import session
from rooms.actions.class_settings import set_class_settings
from rooms.actions.enrollment import unenroll
from rooms.actions.votes import DraftBallot, store_ballots, store_drafts
from rooms.models import Draft, Vote
from rooms.peer.asking import Asked
from rooms.wire.commands import StartQuestion
from rooms.wire.errors import PermissionDenied
from tests.rooms.actions.test_ballots import ballot
from tests.rooms.actions.test_ballots import way as way
from tests.rooms.cast import make_question
from tests.rooms.school import make_school
from tests.rooms.test_enrollment import Elsewhere, waits
from tests.running import until


@pytest.fixture
def school(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("there is one writer at a time")
    school = make_school()
    make_question(school.course, "force")
    start = StartQuestion(uuid="start", question="force")
    session.control(user=school.ines, course="physics", command=start)
    return school


def stored_after(store, ballots, change):
    """Return the results of ballots that waited while something changed."""
    results = []
    with transaction.atomic():
        change()
        waiting = Elsewhere(lambda: results.extend(store(ballots)))
        until(waits)
    waiting.end()
    return results


@pytest.mark.parametrize(("store", "kind"), [(store_ballots, Vote), (store_drafts, Draft)])
def test_what_somebody_sent_who_was_removed_meanwhile_is_refused(school, way, store, kind):
    def remove():
        unenroll(course=school.course, users=[school.ada])

    ballots = [DraftBallot(user, "physics", "D") for user in (school.ada, school.bea)]
    refused, _ = stored_after(store, ballots, remove)
    assert isinstance(refused, PermissionDenied)
    assert kind.objects.get().user == school.bea


def test_what_the_class_has_ceased_to_ask_for_meanwhile_is_left_out(school, way):
    def ask_less():
        set_class_settings(
            user=school.ines,
            course=school.course,
            asks_confidence=Asked.REQUIRED,
            asks_reason=Asked.OFF,
        )

    set_class_settings(user=school.ines, course=school.course, asks_reason=Asked.OPTIONAL)
    results = stored_after(
        store_ballots,
        [
            ballot(school.ada, "A", confidence=2, rationale="Because"),
            ballot(school.bea, "B", rationale="Because"),
        ],
        ask_less,
    )
    assert results[0].rationale == ""
    assert results[1].code == "incomplete_vote"
    assert Vote.objects.get().rationale == ""
