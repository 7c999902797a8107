"""What the checks of a process know of the phases that classes are in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.models import ClassSession, Question, Round
from rooms.peer.phases import OPEN_PHASES, SEATING_PHASES
from rooms.process import deadlines
from rooms.process.deadlines import Phases
from rooms.queries import classroom
from tests.rooms.school import make_school


def test_a_check_looks_where_a_class_may_be_in_its_phases(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(deadlines.time, "monotonic", lambda: now)
    phases = Phases()
    assert phases.may_include(OPEN_PHASES), "nobody has looked"
    phases.see(["idle", "discuss"])
    assert not phases.may_include(OPEN_PHASES)
    assert phases.may_include(SEATING_PHASES)
    now += deadlines.SEEN_FOR + 0.1
    assert phases.may_include(OPEN_PHASES), "nobody has looked lately"


@pytest.mark.django_db
def test_classes_that_ended_or_were_left_are_in_no_phase():
    school = make_school()
    now = timezone.now()

    def change(**fields):
        ClassSession.objects.filter(course=school.course).update(**fields)
        return classroom.phases_now()

    assert classroom.phases_now() == {}
    session = ClassSession.objects.create(
        course=school.course, controller=school.ines, started_at=now, changed_at=now
    )
    question = Question.objects.create(course=school.course, slug="lift", prompt="Why?")
    round_ = Round.objects.create(session=session, question=question, number=1, opened_at=now)
    assert change(phase="vote", current_round=round_, deadline=now) == {"vote": now}
    assert change(phase="discuss", deadline=None) == {"discuss": None}
    long_ago = now - classroom.SEATED_FOR - timedelta(minutes=1)
    assert change(changed_at=long_ago) == {}
    # A round closes at its deadline, however long it was open.
    assert change(phase="revote", deadline=now) == {"revote": now}
    assert change(ended_at=now) == {}
