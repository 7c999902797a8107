"""Somebody who has a row in every table that can have one of theirs, and whose names are all over.

They are a student of the course of `school`, where they worked with Ada, and teach another course
with Tess.
"""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import FailedLogin, User
from rooms.actions import tryouts
from rooms.actions.enrollment import enroll
from rooms.actions.questions import version_of
from rooms.actions.rooms import open_direct_room
from rooms.models import (
    AuditEntry,
    Block,
    Bookmark,
    Choice,
    ClassSession,
    Connection,
    Consent,
    Conviction,
    Course,
    Deletion,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    Guest,
    Invitation,
    Message,
    NightPair,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Picture,
    Pseudonym,
    Question,
    QuestionFile,
    Release,
    Reminder,
    Report,
    RightAnswer,
    RosterEntry,
    Round,
    Seed,
    ShownArgument,
    ShownReason,
    Take,
    UseLog,
    Vote,
    Worker,
)
from tests.rooms.cast import make_question
from tests.rooms.school import School, post

NOW = timezone.now()
HOUR = timedelta(hours=1)
KEY = 770077
"""An id that is found nowhere by chance."""
NAMES = ("quastel.z", "zerlina", "Quastel", "zq@mail", str(KEY))


def make_person(school: School) -> User:
    user = User.objects.create(
        pk=KEY,
        username="quastel.z",
        display_name="Zerlina Quastel",
        first_name="Zerlina",
        last_name="Quastel",
        email="zq@mail.example",
        password="!",
    )
    enroll(course=school.course, users=[user])
    studies(school, user)
    teaches(school, user)
    is_staff(school, user)
    return user


def studies(school: School, user: User) -> None:
    """Fill what a student has."""
    course = school.course
    Enrollment.objects.filter(user=user).update(
        seat="4",
        muted_until=NOW,
        shares_reasons_since=NOW,
        in_research_since=NOW,
        reminded_since=NOW,
    )
    question = make_question(course, "lift")
    first, second = hold(course, question, school.ines, has_pseudonyms=True)
    for one, choice in ((user, "A"), (school.ada, "B")):
        for round_ in (first, second):
            Vote.objects.create(
                round=round_,
                user=one,
                choice=choice,
                cast_at=NOW,
                rationale="As zerlina knows" if one == user else "I guess",
            )
    own = Vote.objects.get(round=first, user=user)
    room = school.make_room(user, school.ada, kind="partners")
    group = PartnerGroup.objects.create(round=first, number=1, room=room, formed_at=NOW)
    other = PartnerGroup.objects.create(
        round=first, number=2, room=school.make_room(school.carl), formed_at=NOW, offered=own
    )
    for one, where in ((user, group), (school.ada, group), (school.carl, other)):
        Partner.objects.create(group=where, round=first, user=one)
    spoken = post(user, room, "I, Zerlina Quastel (zq@mail.example), say: force! @ada @quastel.z")
    answer = post(
        school.ada, room, "Yes @quastel.z, and @quastel.zz too. Write to ZQ@mail.example. A quastel"
    )
    direct = open_direct_room(user=user, to=school.bea.username)
    post(user, direct, "Hello from Zerlina")
    post(school.bea, direct, "Hello back")
    post(user, school.room, "In the room of the course")
    post(school.ada, school.room, "@Quastel.z: indeed")
    named = school.make_room(school.ada, user, created_by=user)
    type(named).objects.filter(pk=named.pk).update(title="Zerlina's room", topic="zq@mail.example")
    Pseudonym.objects.create(session=first.session, user=user, name="Blue otter")
    convinced = {"round": second, "said_at": NOW}
    Conviction.objects.create(user=user, by="message", message=answer, **convinced)
    Conviction.objects.create(user=school.ada, by="message", message=spoken, **convinced)
    Conviction.objects.create(user=school.carl, by="reason", vote=own, **convinced)
    ShownArgument.objects.create(round=second, message=spoken, shown_at=NOW)
    Draft.objects.create(
        round=second, user=user, choice="A", rationale="Zerlina again", sent_at=NOW
    )
    for one, message in ((user, answer), (school.ada, spoken)):
        Flag.objects.create(message=message, user=one, raised_at=NOW)
    Bookmark.objects.create(user=user, question=question)
    for purpose in ("research", "reasons"):
        Consent.objects.create(course=course, user=user, purpose=purpose, given_at=NOW)
    Exclusion.objects.create(course=school.other_course, user=user, code="X", removed_at=NOW)
    rule = PairingRule.objects.create(course=course, kind="never", name="Not @quastel.z")
    for one in (user, school.carl, school.bea):
        PairingMember.objects.create(rule=rule, user=one)
    Block.objects.create(course=course, user=user, blocked=school.carl, made_at=NOW)
    Block.objects.create(course=course, user=school.bea, blocked=user, made_at=NOW)
    told: dict[str, Any] = {"course": course, "reason": "other", "made_at": NOW}
    Report.objects.create(reporter=user, about=school.carl, text="Signed: Zerlina", **told)
    Report.objects.create(
        reporter=school.bea, about=user, text="zq@mail.example", message=spoken, **told
    )
    outside(school, user, question, own)
    log(school, user)
    RosterEntry.objects.create(
        course=course, user=user, enrollment=school.enrollment(user), made_user=True, added_at=NOW
    )
    Invitation.objects.create(
        course=course,
        user=user,
        kind="mail",
        digest="d" * 64,
        made_at=NOW,
        expires_at=NOW + HOUR,
        failure="zq@mail.example is unknown",
    )
    Guest.objects.create(user=user, device="e" * 64, link="f" * 64, made_at=NOW)
    worker = Worker.objects.create(seen_at=NOW)
    Connection.objects.create(id=uuid.uuid4(), worker=worker, user=user, opened_at=NOW)
    FailedLogin.objects.create(username="Quastel.Z", times=2, last_at=NOW, address="10.1.2.3")
    FailedLogin.objects.create(username="ZQ@mail.example", times=1, last_at=NOW, device="x")
    tokens.issue(user)
    Client().force_login(user)


def hold(course: Course, question: Question, by: User, **fields: Any) -> tuple[Round, Round]:
    """Let a question be asked twice in a class that has ended."""
    session = ClassSession.objects.create(
        course=course, started_at=NOW, changed_at=NOW, controller=by, ended_at=NOW, **fields
    )
    common = {"session": session, "question": question, "version": version_of(question)}
    first = Round.objects.create(number=1, opened_at=NOW, closed_at=NOW, **common)
    second = Round.objects.create(
        number=2, first=first, opened_at=NOW + HOUR / 60, closed_at=NOW + HOUR / 30, **common
    )
    return first, second


def release_of(question: Question, by: User) -> Release:
    return Release.objects.create(
        course=question.course,
        question=question,
        version=version_of(question),
        name=uuid.uuid4(),
        released_by=by,
        released_at=NOW,
        opens_at=NOW,
    )


def outside(school: School, user: User, question: Question, vote: Vote) -> None:
    """Let the person and Ada answer a question outside class, with each other."""
    release = release_of(question, school.ines)
    seed = Seed.objects.create(release=release, choice="B", text="Ask zq@mail.example")
    common = {"release": release, "started_at": NOW, "first_at": NOW, "second_at": NOW}
    mine = Take.objects.create(
        user=user,
        first_choice="A",
        first_reason="Quastel says so",
        second_choice="B",
        second_reason="zerlina thinks",
        convinced="reason",
        **common,
    )
    room = school.make_room(user, school.ada, kind="partners")
    said = post(user, room, "It is me, Zerlina")
    theirs = Take.objects.create(
        user=school.ada,
        first_choice="B",
        second_choice="A",
        convinced="message",
        message=said,
        **common,
    )
    NightPair.objects.create(one=mine, other=theirs, room=room, formed_at=NOW)
    ShownReason.objects.create(take=mine, seed=seed, is_picked=True)
    ShownReason.objects.create(take=theirs, other=mine)
    ShownReason.objects.create(take=theirs, vote=vote, is_picked=True)
    Reminder.objects.create(
        release=release, user=user, kind="opened", claimed_at=NOW, failure="zq@mail.example"
    )


def log(school: School, user: User) -> None:
    """Let the use log name the person by all names that they had."""
    by, to = school.ines, school.carl
    for sid, event, act, who, named in (
        ("zerlina.old", "join", "Help", user, None),
        ("ines", "course", "pair:never:zerlina.old,carl", by, [user.pk, to.pk]),
        ("ines", "moderate", "mute:quastel.z:60", by, [user.pk]),
        ("ines", "peergroup", "x:quastel.z,carl", by, [user.pk, to.pk]),
        ("ada", "sendmessage", "to:quastel.z:Hello zq@mail.example", school.ada, [user.pk]),
        ("quastel.z", "sendmessage", "to:carl:Zerlina here", user, [to.pk]),
    ):
        UseLog.objects.create(
            timestamp=NOW,
            sid=sid,
            event=event,
            act=act,
            user=who,
            in_course=school.course,
            course_id="physics",
            named=named,
        )
    UseLog.objects.create(timestamp=NOW, sid="quastel.z", event="login", act="")


def teaches(school: School, user: User) -> None:
    """Fill what a lecturer has."""
    course = Course.objects.create(slug="optics", title="Optics of @quastel.z")
    for one in (user, school.tess):
        enroll(course=course, users=[one], role="instructor")
    enroll(course=course, users=[school.bea])
    question = make_question(course, "lens")
    Question.objects.filter(pk=question.pk).update(
        prompt="Write to zq@mail.example: what is a lens?", explanation="@quastel.z explains"
    )
    Choice.objects.filter(question=question, letter="A").update(text="Ask ZQ@mail.example")
    question.refresh_from_db()
    first, _ = hold(course, question, user)
    RightAnswer.objects.create(
        version=first.asked, letter="B", name=uuid.uuid4(), given_by=user, given_at=NOW
    )
    release = release_of(question, user)
    Seed.objects.create(release=release, choice="A", text="Zerlina Quastel thinks so")
    Picture.objects.create(
        course=course,
        file="peerchat/pictures/1/x.png",
        content_type="image/png",
        width=1,
        height=1,
        size=1,
        digest="a" * 64,
        source_digest="b" * 64,
        made_by=user,
    )
    QuestionFile.objects.create(
        user=user, course=course, key="k" * 32, name="quastel.gift", data=b"Quastel", made_at=NOW
    )
    Deletion.objects.create(course=course, asked_by=user, asked_at=NOW, due_at=NOW + HOUR)
    room = course.rooms.get(kind="course")
    for number, text in enumerate(("Removed", "Ask @quastel.z"), 1):
        Message.objects.create(
            room=room,
            seq=number,
            sender=school.bea,
            uuid=f"m{number}",
            text=text,
            created_at=NOW,
            removed_at=NOW if text == "Removed" else None,
            removed_by=user if text == "Removed" else None,
        )
    Message.objects.create(
        room=room,
        seq=3,
        sender=user,
        uuid="quastel.z-1",
        kind="control",
        text="",
        control={"message": "enableVote", "question": {"prompt": "Write to zq@mail.example"}},
        created_at=NOW,
    )
    Report.objects.create(
        course=course,
        reporter=school.bea,
        about=school.ada,
        reason="spam",
        made_at=NOW,
        settled_at=NOW,
        settled_by=user,
    )
    AuditEntry.objects.create(at=NOW, actor=user, act="marks.view", course=course)
    AuditEntry.objects.create(at=NOW, actor=school.ines, act="person.view", subject=user)
    Course.objects.filter(pk=course.pk).update(archived_at=NOW)
    tryouts.start(user=user, course=enrolled_for_try_out(school, user), language="en")


def enrolled_for_try_out(school: School, user: User) -> str:
    """Return a course in use that the person leads with somebody else."""
    course = Course.objects.create(slug="waves", title="Waves")
    make_question(course, "wave")
    for one in (user, school.tess):
        enroll(course=course, users=[one], role="instructor")
    return course.slug


def is_staff(school: School, user: User) -> None:
    """Fill the history of the admin, about the person and by them."""
    for who, model, told in (
        (school.ines, Vote, "quastel.z: A"),
        (school.ines, User, "Zerlina Quastel"),
        (user, Vote, "something"),
    ):
        LogEntry.objects.create(
            user_id=who.pk,
            content_type=ContentType.objects.get_for_model(model),
            object_id=str(user.pk) if model is User else "1",
            object_repr=told,
            action_flag=CHANGE,
        )
