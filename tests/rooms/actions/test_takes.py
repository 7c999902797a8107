"""A student's pass through a released question."""

import pytest
from django.db.models import F
from django.utils import timezone

from rooms.actions import releases, takes
from rooms.actions.questions import version_of
from rooms.models import ClassSession, ClassSettings, Enrollment, Release, Round, ShownReason, Vote
from rooms.queries import takes as reads
from rooms.queries.posed import first_rounds, posed
from rooms.queries.released import released
from rooms.queries.releases import GRACE
from rooms.wire.errors import (
    CourseArchived,
    IncompleteVote,
    InvalidChoice,
    NoSuchArgument,
    NoSuchRelease,
    PermissionDenied,
    ReleaseClosed,
)
from tests.rooms.cast import make_question
from tests.rooms.outside import DAY, REASON, answer, release, share


@pytest.fixture
def of(school):
    make_question(school.course, "force")
    return release(school, seeds=[("A", "It feels so"), ("B", "By the third law")])


def step(school, action, name, of, **fields):
    return action(user=school.person(name), course="physics", release=of.pk, **fields)


def test_from_begin_to_pick(school, of):
    take = answer(school, "ada", of, "A", reason=REASON)
    (seed,) = reads.shown_reasons(take)
    assert (seed.answer, seed.text) == ("B", "By the third law")
    assert not reads.is_revealed(of, take)
    take = answer(school, "ada", of, "A", "B", reason=REASON)
    assert not reads.is_revealed(of, take), "what convinced is asked before the result"
    take = step(school, takes.pick, "ada", of, convinced="reason", shown=seed.pk)
    assert reads.is_revealed(of, take)
    again = step(school, takes.pick, "ada", of, convinced="reason", shown=seed.pk)
    assert (again.convinced, ShownReason.objects.get(is_picked=True).pk) == ("reason", seed.pk)
    with pytest.raises(ReleaseClosed):
        step(school, takes.pick, "ada", of, convinced="nothing")


def test_each_step_is_done_once_and_in_order(school, of):
    with pytest.raises(ReleaseClosed):
        step(school, takes.answer, "ada", of, choice="A")
    begun = step(school, takes.begin, "ada", of)
    assert step(school, takes.begin, "ada", of) == begun
    with pytest.raises(ReleaseClosed):
        step(school, takes.answer, "ada", of, choice="A", again=True)
    with pytest.raises(InvalidChoice):
        step(school, takes.answer, "ada", of, choice="Z")
    first = step(school, takes.answer, "ada", of, choice="A", confidence=2)
    repeated = step(school, takes.answer, "ada", of, choice="A", confidence=5)
    assert (repeated.first_at, repeated.first_confidence) == (first.first_at, 2)
    with pytest.raises(ReleaseClosed):
        step(school, takes.answer, "ada", of, choice="B")
    with pytest.raises(ReleaseClosed):
        step(school, takes.pick, "ada", of, convinced="thought")


def test_the_course_decides_what_is_asked_besides(school, of):
    settings = ClassSettings.objects.create(
        course=school.course, asks_confidence="required", asks_reason="off"
    )
    step(school, takes.begin, "ada", of)
    with pytest.raises(IncompleteVote):
        step(school, takes.answer, "ada", of, choice="A")
    take = step(school, takes.answer, "ada", of, choice="A", confidence=3, reason="Ignored")
    assert (take.first_confidence, take.first_reason) == (3, "")
    settings.asks_reason = "required"
    settings.save()
    with pytest.raises(IncompleteVote):
        step(school, takes.answer, "ada", of, choice="A", confidence=3, again=True)


def test_late_is_late_but_for_a_slow_network(school, of):
    step(school, takes.begin, "ada", of)
    now = timezone.now()
    Release.objects.update(due_at=now - GRACE / 2, opens_at=now - DAY)
    with pytest.raises(ReleaseClosed):
        step(school, takes.begin, "bea", of)
    step(school, takes.answer, "ada", of, choice="A")
    Release.objects.update(due_at=now - 2 * GRACE)
    with pytest.raises(ReleaseClosed):
        step(school, takes.answer, "ada", of, choice="A", again=True)


def test_only_students_of_the_course_answer_what_is_open(school, of):
    for name in ("tess", "ines", "ivan", "zoe"):
        with pytest.raises(PermissionDenied):
            step(school, takes.begin, name, of)
    Release.objects.update(opens_at=timezone.now() + DAY, due_at=None)
    with pytest.raises(NoSuchRelease):
        step(school, takes.begin, "ada", of)
    Release.objects.update(opens_at=timezone.now() - DAY)
    step(school, takes.begin, "ada", of)
    releases.change_release(user=school.ines, course="physics", release=of.pk, withdrawn=True)
    with pytest.raises(NoSuchRelease):
        step(school, takes.answer, "ada", of, choice="A")
    Release.objects.update(withdrawn_at=None)
    school.course.archived_at = timezone.now()
    school.course.save()
    with pytest.raises(CourseArchived):
        step(school, takes.answer, "ada", of, choice="A")


def test_reasons_of_others_are_those_of_whoever_consents_now(school, of):
    answer(school, "ada", of, "B", reason=REASON)
    unseen = answer(school, "carl", of, "A", reason=REASON)
    assert len(reads.shown_reasons(unseen)) == 1, "the seed alone: Ada has not consented"
    share(school, "ada")
    take = answer(school, "bea", of, "A")
    texts = {one.text for one in reads.shown_reasons(take)}
    assert texts == {"By the third law", REASON}
    Enrollment.objects.update(shares_reasons_since=None)
    assert [one.text for one in reads.shown_reasons(take)] == ["By the third law"]
    gone = ShownReason.objects.get(take=take, other__isnull=False)
    answer(school, "bea", of, "A", "A")
    with pytest.raises(NoSuchArgument):
        step(school, takes.pick, "bea", of, convinced="reason", shown=gone.pk)
    with pytest.raises(NoSuchArgument):
        step(school, takes.pick, "bea", of, convinced="message")


def test_reasons_come_from_the_class_as_well(school, of):
    now = timezone.now()
    session = ClassSession.objects.create(
        course=school.course, started_at=now, changed_at=now, controller=school.ines
    )
    round_ = Round.objects.create(
        session=session,
        question=of.question,
        version=version_of(of.question),
        number=1,
        opened_at=now,
        closed_at=now,
    )
    Vote.objects.create(round=round_, user=school.carl, choice="C", rationale=REASON, cast_at=now)
    share(school, "carl")
    take = answer(school, "bea", of, "A")
    assert ("C", REASON) in {(one.answer, one.text) for one in reads.shown_reasons(take)}


def test_the_result_waits_for_the_end_if_it_shall(school):
    make_question(school.course, "force")
    of = release(school, reveals="when_due")
    take = answer(school, "ada", of, "A", "B")
    assert not reads.is_revealed(of, take)
    of.due_at = timezone.now()
    assert not reads.is_revealed(of, take), "a late answer would still be taken"
    of.due_at -= GRACE
    assert reads.is_revealed(of, take)
    assert reads.is_revealed(of, None)


def test_answers_are_counted_apart_from_those_in_class(school, of):
    answer(school, "ada", of, "A", "B", reason=REASON)
    answer(school, "bea", of, "C")
    step(school, takes.begin, "carl", of)
    Release.objects.update(opens_at=F("released_at") - DAY)
    (one,) = released(school.course, messages=True)
    assert (one.pk, one.is_release, one.session, one.slug) == (of.pk, True, None, "force")
    by_user = {each.user: each for each in one.answers}
    assert set(by_user) == {school.ada.pk, school.bea.pk}
    ada = by_user[school.ada.pk]
    assert (ada.first.choice, ada.first.right, ada.first.has_reason) == ("A", False, True)
    assert (ada.second.choice, ada.second.right) == ("B", True)
    assert by_user[school.bea.pk].second is None
    assert list(posed(first_rounds(school.course))) == []
    (one,) = released(school.course, users=[school.bea.pk])
    assert [each.user for each in one.answers] == [school.bea.pk]
    assert list(released(school.course, since=timezone.now())) == []
    Release.objects.update(withdrawn_at=timezone.now())
    assert list(released(school.course)) == []
