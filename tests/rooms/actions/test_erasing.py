"""Erasing a person: no table has a name, an address or an id of them, and the rest is as before."""

import json
import logging
import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from accounts import people, tokens
from accounts.models import FailedLogin, User
from rooms.actions import erasing, joining
from rooms.actions.enrollment import enroll
from rooms.actions.questions import version_of
from rooms.actions.rooms import open_direct_room
from rooms.models import (
    AuditEntry,
    Block,
    Bookmark,
    ClassSession,
    Consent,
    Conviction,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    Membership,
    Mention,
    Message,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Pseudonym,
    Release,
    Reminder,
    Report,
    Room,
    Round,
    StandIn,
    Take,
    UseLog,
    Vote,
)
from rooms.wire.errors import PermissionDenied
from tests.rooms.cast import make_question
from tests.rooms.school import post

NOW = timezone.now()
KEY = 770077
"""An id that is found nowhere by chance."""


@pytest.fixture
def person(school):
    """Somebody with a row in every table that can have one."""
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
    fill(school, user)
    return user


def fill(school, user):
    course = school.course
    Enrollment.objects.filter(user=user).update(
        seat="4", shares_reasons_since=NOW, in_research_since=NOW, reminded_since=NOW
    )
    question = make_question(course, "lift")
    session = ClassSession.objects.create(
        course=course, started_at=NOW, changed_at=NOW, controller=school.ines, ended_at=NOW
    )
    first = Round.objects.create(session=session, question=question, number=1, opened_at=NOW)
    second = Round.objects.create(
        session=session, question=question, number=2, first=first, opened_at=NOW
    )
    for one, choice in ((user, "A"), (school.ada, "B")):
        for round_ in (first, second):
            Vote.objects.create(
                round=round_,
                user=one,
                choice=choice,
                cast_at=NOW,
                rationale="As zerlina knows" if one == user else "I guess",
            )
    room = school.make_room(user, school.ada, kind="partners")
    group = PartnerGroup.objects.create(round=first, number=1, room=room, formed_at=NOW)
    for one in (user, school.ada):
        Partner.objects.create(group=group, round=first, user=one)
    spoken = post(user, room, "I, Zerlina Quastel (zq@mail.example), say: force! @ada @quastel.z")
    post(
        school.ada, room, "Yes @quastel.z, and @quastel.zz too. Write to ZQ@mail.example. A quastel"
    )
    direct = open_direct_room(user=user, to=school.bea.username)
    post(user, direct, "Hello from Zerlina")
    post(school.bea, direct, "Hello back")
    post(user, school.room, "In the room of the course")
    post(school.ada, school.room, "@Quastel.z: indeed")
    Pseudonym.objects.create(session=session, user=user, name="Blue otter")
    Conviction.objects.create(round=second, user=user, by="thought", said_at=NOW)
    Draft.objects.create(round=second, user=user, choice="A", sent_at=NOW)
    Flag.objects.create(message=spoken, user=user, raised_at=NOW)
    Bookmark.objects.create(user=user, question=question)
    Consent.objects.create(course=course, user=user, purpose="research", given_at=NOW)
    Exclusion.objects.create(course=school.other_course, user=user, code="X", removed_at=NOW)
    rule = PairingRule.objects.create(course=course, kind="never")
    for one in (user, school.carl):
        PairingMember.objects.create(rule=rule, user=one)
    Block.objects.create(course=course, user=user, blocked=school.carl, made_at=NOW)
    Block.objects.create(course=course, user=school.bea, blocked=user, made_at=NOW)
    Report.objects.create(
        course=course,
        reporter=user,
        about=school.carl,
        reason="other",
        text="Signed: Zerlina",
        made_at=NOW,
    )
    Report.objects.create(
        course=course, reporter=school.bea, about=user, reason="other", text="spam", made_at=NOW
    )
    release = Release.objects.create(
        course=course,
        question=question,
        version=version_of(question),
        name=uuid.uuid4(),
        released_by=school.ines,
        released_at=NOW,
        opens_at=NOW,
    )
    Take.objects.create(
        release=release,
        user=user,
        started_at=NOW,
        first_choice="A",
        first_at=NOW,
        first_reason="Quastel says so",
    )
    Reminder.objects.create(release=release, user=user, kind="opened", claimed_at=NOW)
    AuditEntry.objects.create(at=NOW, actor=school.ines, act="person.view", subject=user)
    UseLog.objects.create(
        timestamp=NOW, sid="zerlina.old", event="join", act="Help", user=user, in_course=course
    )
    UseLog.objects.create(
        timestamp=NOW,
        sid="ines",
        event="course",
        act="pair:never:zerlina.old,carl",
        user=school.ines,
        in_course=course,
        named=[user.pk, school.carl.pk],
    )
    UseLog.objects.create(timestamp=NOW, sid="quastel.z", event="login", act="")
    FailedLogin.objects.create(username="Quastel.Z", times=2, last_at=NOW, address="10.1.2.3")
    tokens.issue(user)
    LogEntry.objects.create(
        user_id=school.ines.pk,
        content_type=ContentType.objects.get_for_model(Vote),
        object_id="1",
        object_repr="quastel.z: A",
        action_flag=CHANGE,
    )
    LogEntry.objects.create(
        user_id=user.pk, object_id="1", object_repr="something", action_flag=CHANGE
    )


def cells():
    """Every cell of every table as a text, with its place."""
    for model in apps.get_models():
        for row in model._base_manager.values():
            for column, value in row.items():
                yield (
                    f"{model._meta.label}.{column}",
                    value if isinstance(value, str) else (json.dumps(value, default=str)),
                )


def found(*wanted):
    return sorted(
        {(place, text) for place, text in cells() for one in wanted if one.lower() in text.lower()}
    )


NAMES = ("quastel.z", "zerlina", "Quastel", "zq@mail", str(KEY))


def test_nothing_of_an_erased_person_is_found(school, person):
    assert len({place for place, _ in found(*NAMES)}) > 25
    erasing.erase(user=person, by=person)
    # Somebody else's username that begins alike, and a name in a text of somebody else.
    left = [one for one in found(*NAMES) if "quastel.zz" not in one[1]]
    assert left == []


def test_what_others_need_stays(school, person):
    before = {
        model: model.objects.count()
        for model in (Vote, Message, Partner, Conviction, Take, Flag, Mention, Pseudonym, UseLog)
    }
    erasing.erase(user=person, by=None)
    assert {model: model.objects.count() for model in before} == before
    stand_in = StandIn.objects.get().user
    assert people.shown_name(stand_in) == "Former student"
    assert not stand_in.is_active
    assert not stand_in.has_usable_password()
    talk = [m.text for m in Message.objects.filter(room__kind="partners").order_by("seq")]
    assert talk[0] == "I, … (…), say: force! @ada @" + stand_in.username
    assert talk[1].startswith(f"Yes @{stand_in.username}, and @quastel.zz too. Write to …. ")
    direct = Room.objects.get(kind="direct")
    assert {m.user_id for m in direct.memberships.all()} == {stand_in.pk, school.bea.pk}
    # The place in the course is kept for figures, without any consent.
    place = Enrollment.objects.get(user=stand_in)
    assert (place.in_research_since, place.shares_reasons_since, place.seat) == (None, None, "")
    assert not Membership.objects.filter(user=stand_in, room=school.room).exists()
    assert AuditEntry.objects.filter(act="person.erase", actor=None, subject=stand_in).exists()


def fingerprint(user):
    """All rows that tell of somebody."""
    told = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.related_model is User:
                rows = model._base_manager.filter(**{field.name: user}).order_by("pk").values()
                told[f"{model._meta.label}.{field.name}"] = [
                    {k: v for k, v in row.items() if k not in ("text", "act")} for row in rows
                ]
    return told


def test_everybody_else_is_as_before(school, person):
    ada, ines = fingerprint(school.ada), fingerprint(school.ines)
    erasing.erase(user=person, by=None)
    old, new = str(KEY), str(StandIn.objects.get().user.pk)
    as_now = json.loads(json.dumps([ada, ines], default=str).replace(old, new))
    now = json.loads(json.dumps([fingerprint(school.ada), fingerprint(school.ines)], default=str))
    for rows in (*as_now, *now):
        rows["admin.LogEntry.user"] = []
    assert now == as_now


def test_nobody_gets_in_as_an_erased_person(school, person):
    person.set_password("an old password of mine")
    person.save()
    client = Client()
    client.force_login(person)
    raw = tokens.issue(person)
    erasing.erase(user=person, by=person)
    assert client.get("/").status_code == 302
    assert tokens.verify(raw) is None


def test_the_only_instructor_hands_the_course_over_first(school):
    with pytest.raises(PermissionDenied, match="Physics"):
        erasing.erase(user=school.ines, by=school.ines)
    enroll(course=school.course, users=[school.tess], role="instructor")
    erasing.erase(user=school.ines, by=school.ines)
    assert not User.objects.filter(username="ines").exists()


def test_a_guest_without_traces_leaves_no_stand_in(school):
    code = joining.open_joining(user=school.ines, course="physics")
    lola = joining.join_as_guest(code=code, name="Lola", device="d" * 40)
    UseLog.objects.filter(user=lola).delete()
    erasing.erase(user=lola, by=lola)
    assert not StandIn.objects.exists()
    assert found("lola") == []


def test_who_clicks_twice_is_erased_once(school, person):
    again = User.objects.get(pk=person.pk)
    erasing.erase(user=person, by=person)
    before = AuditEntry.objects.count(), StandIn.objects.count()
    erasing.erase(user=again, by=again)
    assert (AuditEntry.objects.count(), StandIn.objects.count()) == before
    assert not User.objects.filter(pk=again.pk).exists()


def test_stand_ins_cannot_be_erased(school, person):
    erasing.erase(user=person, by=None)
    with pytest.raises(PermissionDenied):
        erasing.erase(user=StandIn.objects.get().user, by=None)


def test_no_name_gets_into_the_logs(school, person, caplog):
    with caplog.at_level(logging.DEBUG):
        erasing.erase(user=person, by=person)
    told = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert not [line for line in told for name in NAMES if name.lower() in line.lower()]
    assert timedelta(0) <= timezone.now() - NOW
