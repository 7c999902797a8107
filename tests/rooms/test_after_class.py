"""What the database refuses of marks, releases, consents and reports, whatever the code does."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import RestrictedError
from django.utils import timezone

from accounts import people
from rooms.actions import tryouts
from rooms.actions.questions import version_of
from rooms.models import (
    AuditEntry,
    Block,
    Bookmark,
    Consent,
    Deletion,
    MarkRules,
    NightPair,
    Release,
    Reminder,
    Report,
    Retention,
    Room,
    Seed,
    ShownReason,
    Take,
    TryOut,
)
from tests.rooms.cast import make_question

NOW = timezone.now()
DAY = timedelta(days=1)


def refused(model, **fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(**fields)


@pytest.fixture
def release(school):
    return make_release(school)


def make_release(school, **fields):
    question, _ = school.course.questions.get_or_create(slug="force", defaults={"prompt": "Why?"})
    return Release.objects.create(
        **{
            "course": school.course,
            "question": question,
            "version": version_of(question),
            "name": uuid.uuid4(),
            "released_by": school.ines,
            "released_at": NOW,
            "opens_at": NOW,
            **fields,
        }
    )


ANSWERED = {"started_at": NOW, "first_choice": "A", "first_at": NOW}
DONE = {**ANSWERED, "second_choice": "B", "second_at": NOW + DAY}


@pytest.mark.parametrize(
    "fields",
    [
        {"first_vote": 101},
        dict.fromkeys(("first_vote", "second_vote", "message"), 0),
        {"enough": 0},
        {"enough": 101},
        {"released": 101},
        {"full_mark": 0},
        {"dropped_of": "week"},
    ],
)
def test_rules_of_marks(school, fields):
    refused(MarkRules, course=school.course, **fields)


@pytest.mark.parametrize("fields", [{"due_at": NOW}, {"reveals": "when_due"}, {"reveals": "never"}])
def test_releases(school, fields):
    make_release(school, due_at=NOW + DAY, reveals="when_due")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_release(school, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"started_at": NOW, "first_choice": "A"},
        {"started_at": NOW, "first_at": NOW},
        {"started_at": NOW, "first_reason": "so"},
        {"started_at": NOW, "second_choice": "B", "second_at": NOW},
        {**ANSWERED, "second_choice": "B"},
        {**ANSWERED, "second_choice": "B", "second_at": NOW - DAY},
        {**ANSWERED, "convinced": "thought"},
        {**DONE, "convinced": "mum"},
        {**ANSWERED, "first_confidence": 6},
        {**DONE, "second_confidence": 0},
        {"started_at": NOW, "waiting_since": NOW, "seen_at": NOW},
        {**ANSWERED, "waiting_since": NOW},
        {**DONE, "waiting_since": NOW, "seen_at": NOW},
    ],
)
def test_answers_to_releases(school, release, fields):
    Take.objects.create(release=release, user=school.bea, **DONE, convinced="reason")
    refused(Take, release=release, user=school.ada, **fields)


def test_a_student_has_one_pass_and_picks_one_reason(school, release):
    mine = Take.objects.create(release=release, user=school.ada, **DONE)
    theirs = Take.objects.create(release=release, user=school.bea, **DONE)
    refused(Take, release=release, user=school.ada, **ANSWERED)
    refused(Seed, release=release, choice="A", text="")
    seed = Seed.objects.create(release=release, choice="A", text="Because")
    ShownReason.objects.create(take=mine, seed=seed, is_picked=True)
    refused(ShownReason, take=mine, seed=seed)
    refused(ShownReason, take=mine, other=theirs, is_picked=True)
    refused(ShownReason, take=mine, other=mine)
    refused(ShownReason, take=theirs, other=mine, seed=seed)
    refused(ShownReason, take=theirs)
    room = Room.objects.create(course=school.course, kind="partners")
    refused(NightPair, one=mine, other=mine, room=room, formed_at=NOW)
    Reminder.objects.create(release=release, user=school.ada, kind="due", claimed_at=NOW)
    refused(Reminder, release=release, user=school.ada, kind="due", claimed_at=NOW)


def test_a_question_stays_as_long_as_its_release(school, release):
    for needed in (release.question, release.version):
        with pytest.raises(RestrictedError):
            needed.delete()


def test_a_try_out_takes_its_releases_and_their_people_with_it(school, settings):
    settings.PEERCHAT = {"TRY_OUT_STUDENTS": 2}
    users = people.everybody().count()
    kept = Take.objects.create(release=make_release(school), user=school.ada, **DONE)
    made = tryouts.start(user=school.ines, course=school.course.slug, language="en")
    question = made.course.questions.get(slug="force")
    own, one, other = (student.user for student in made.students.select_related("user"))
    release = make_release(
        school,
        course=made.course,
        question=question,
        version=version_of(question),
        released_by=own,
    )
    mine = Take.objects.create(release=release, user=one, **DONE)
    theirs = Take.objects.create(release=release, user=other, **DONE)
    seed = Seed.objects.create(release=release, choice="A", text="Because")
    ShownReason.objects.create(take=mine, seed=seed)
    ShownReason.objects.create(take=mine, other=theirs)
    room = Room.objects.create(course=made.course, kind="partners")
    NightPair.objects.create(one=mine, other=theirs, room=room, formed_at=NOW)
    tryouts.end(user=school.ines, course=school.course.slug)
    assert not TryOut.objects.exists()
    assert people.everybody().count() == users
    assert Take.objects.get() == kept


def test_care(school):
    course, ada, bea = school.course, school.ada, school.bea
    refused(Retention, course=course, ends_on=NOW, keep_days=36_501)
    refused(Retention, course=course, ends_on=NOW, afterwards="forget")
    refused(Deletion, course=course, asked_at=NOW, due_at=NOW)
    given = {"course": course, "user": ada, "purpose": "research", "given_at": NOW}
    refused(Consent, **given, withdrawn_at=NOW - DAY)
    Consent.objects.create(**given, withdrawn_at=NOW)
    Consent.objects.create(**given)
    refused(Consent, **given)
    refused(AuditEntry, at=NOW, act="")
    report = {"course": course, "reporter": ada, "reason": "spam", "made_at": NOW}
    refused(Report, **report, about=ada)
    refused(Report, **report, about=bea, settled_by=school.ines)
    Report.objects.create(**report, about=bea, settled_at=NOW, settled_by=school.ines)
    Report.objects.create(**report, about=bea)
    refused(Report, **report, about=bea)
    refused(Block, course=course, user=ada, blocked=ada, made_at=NOW)
    Block.objects.create(course=course, user=ada, blocked=bea, made_at=NOW)
    refused(Block, course=course, user=ada, blocked=bea, made_at=NOW)
    question = make_question(course, "lift")
    Bookmark.objects.create(user=ada, question=question)
    refused(Bookmark, user=ada, question=question)
