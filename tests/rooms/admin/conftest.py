"""A course that was taught, and the forms of the pages of the admin."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from rooms.actions.questions import version_of
from rooms.models import (
    AuditEntry,
    Choice,
    ClassSession,
    ClassSettings,
    Connection,
    Conviction,
    Course,
    Deletion,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    FormerSlug,
    Guest,
    Invitation,
    JoinCode,
    KnownAddress,
    MarkRules,
    Membership,
    Mention,
    Message,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Picture,
    Pseudonym,
    Question,
    Release,
    Report,
    Retention,
    RightAnswer,
    Room,
    RosterEntry,
    Round,
    Screen,
    Seed,
    Take,
    UseLog,
    Vote,
    Worker,
)


def url(model, view, *args):
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{view}", args=args)


@pytest.fixture
def course():
    return Course.objects.create(slug="physics101", title="Physics 101")


@pytest.fixture
def question(course):
    return make_question(course)


def make_question(course, prompt="Which force is greater?"):
    question = Question.objects.create(course=course, slug="lift", prompt=prompt)
    for letter in "ABC":
        Choice.objects.create(
            question=question, letter=letter, text=f"Choice {letter}", is_correct=letter == "A"
        )
    return question


@pytest.fixture
def taught(course, question):
    """A class of two that voted, was paired, and talked: a row in each table."""
    return teach(course, question)


def teach(course, question, names=("ada", "ben", "carol")):
    now = timezone.now()
    ada, ben, carol = (User.objects.create_user(name, display_name=name.title()) for name in names)
    for user in (ada, ben):
        Enrollment.objects.create(course=course, user=user)
    session = ClassSession.objects.create(
        course=course, started_at=now, changed_at=now, controller=carol
    )
    version = version_of(question)
    RightAnswer.objects.create(
        version=version, letter="A", name=uuid4(), given_by=carol, given_at=now
    )
    round_ = Round.objects.create(
        session=session, question=question, version=version, number=1, opened_at=now
    )
    second = Round.objects.create(
        session=session, question=question, version=version, number=2, first=round_, opened_at=now
    )
    session.phase, session.current_round = "revote_closed", second
    session.save()
    room = Room.objects.create(course=course, kind="partners", title="Partners", last_seq=1)
    group = PartnerGroup.objects.create(round=round_, number=1, room=room, formed_at=now)
    for user, choice in ((ada, "A"), (ben, "B")):
        Vote.objects.create(
            round=round_, user=user, choice=choice, rationale="Because " * 20, cast_at=now
        )
        Draft.objects.create(round=second, user=user, choice=choice, sent_at=now)
        Partner.objects.create(group=group, round=round_, user=user)
        Membership.objects.create(room=room, user=user)
    message = Message.objects.create(
        room=room, seq=1, sender=ada, uuid="u", text="Hello @ben", created_at=now
    )
    Mention.objects.create(message=message, user=ben)
    Flag.objects.create(message=message, user=ben, raised_at=now)
    Conviction.objects.create(round=second, user=ben, by="message", message=message, said_at=now)
    Pseudonym.objects.create(session=session, user=ada, name=f"{ada.username} fox")
    ClassSettings.objects.create(course=course)
    rule = PairingRule.objects.create(course=course, kind="fixed", name=f"{course.title} team")
    PairingMember.objects.bulk_create(PairingMember(rule=rule, user=one) for one in (ada, ben))
    FormerSlug.objects.create(course=course, slug=f"former-{course.slug}", left_at=now)
    Screen.objects.create(course=course)
    Picture.objects.create(course=course, width=3, height=2, size=9, made_by=carol)
    UseLog.objects.create(
        timestamp=now,
        sid=ada.username,
        event="sendmessage",
        act="to:ben:Hello",
        course_id=course.slug,
        in_course=course,
    )
    later = now + timedelta(days=1)
    MarkRules.objects.create(course=course)
    Retention.objects.create(course=course, ends_on=later)
    Deletion.objects.create(course=course, asked_by=carol, asked_at=now, due_at=later)
    release = Release.objects.create(
        course=course,
        question=question,
        version=version,
        name=uuid4(),
        released_by=carol,
        released_at=now,
        opens_at=now,
    )
    Seed.objects.create(release=release, choice="A", text=f"{course.title} seed")
    Take.objects.create(release=release, user=ada, started_at=now, first_choice="A", first_at=now)
    Report.objects.create(course=course, reporter=ada, about=ben, reason="spam", made_at=now)
    AuditEntry.objects.create(
        at=now, actor=carol, act="marks", course=course, course_slug=course.slug, subject=ada
    )
    code = f"{course.pk:A>6}"
    JoinCode.objects.create(course=course, code=code, made_at=now)
    Guest.objects.create(user=ben, made_at=now)
    Exclusion.objects.create(course=course, code=code, user=carol, removed_at=now)
    KnownAddress.objects.create(course=course, address="192.0.2.1")
    entry = Enrollment.objects.get(course=course, user=ada)
    RosterEntry.objects.create(course=course, user=ada, enrollment=entry, added_at=now)
    Invitation.objects.create(
        course=course, user=ada, kind="mail", digest=f"{course.pk:064}", made_at=now, expires_at=now
    )
    worker = Worker.objects.create(seen_at=now)
    Connection.objects.create(id=uuid4(), worker=worker, user=ada, opened_at=now)
    return course


def form_of(response):
    """Return the form data that a browser sends if nobody changes the page."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is True:
                data[bound.html_name] = "on"
            elif value is not None and value is not False:
                data[bound.html_name] = value
    return data


def change_question(admin_client, question, **changes):
    page = url(Question, "change", question.pk)
    data = form_of(admin_client.get(page))
    for name, value in changes.items():
        if value is None:
            del data[name.replace("__", "-")]
        else:
            data[name.replace("__", "-")] = value
    return admin_client.post(page, data)
