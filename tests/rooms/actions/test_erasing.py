"""Erasing a person: no table has a name, an address or an id of them, and the rest is as before."""

import io
import json
import logging
import threading
import time
import zipfile

import pytest
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, connection
from django.test import Client

from accounts import people, tokens
from accounts.models import User
from rooms.actions import erasing, joining, persons, scrubbing, tryouts
from rooms.actions.enrollment import enroll
from rooms.actions.exports import begin
from rooms.api.course_zip import CourseZip
from rooms.models import (
    AuditEntry,
    Conviction,
    Enrollment,
    Flag,
    Membership,
    Mention,
    Message,
    Partner,
    Pseudonym,
    Room,
    StandIn,
    Take,
    TryOut,
    UseLog,
    Vote,
)
from rooms.wire.errors import PeerError, PermissionDenied
from tests.pace import patient
from tests.rooms.everything import KEY, NAMES, make_person
from tests.rooms.school import make_school, post

NEEDED = persons.Fate.NEEDED


@pytest.fixture
def person(school):
    return make_person(school)


def cells():
    """Every cell of every table as a text, with its place."""
    for model in apps.get_models():
        for row in model._base_manager.values():
            for column, value in row.items():
                yield f"{model._meta.label}.{column}", as_text(column, value)


def as_text(column, value):
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    if column == "session_data":
        value = SessionStore().decode(value)
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def found(*wanted):
    """Where any of these words is, but for somebody else's username that begins like one."""
    return sorted(
        {
            (place, text)
            for place, text in cells()
            for one in wanted
            if one.lower() in text.lower().replace("quastel.zz", "")
        }
    )


def test_the_person_is_in_every_table_that_can_have_one(school, person):
    missing = [
        name
        for name, field in persons.relations()
        if not field.model._base_manager.filter(**{field.name: person}).exists()
    ]
    assert set(missing) == {"peerchat_rooms.TryOutStudent.user", "peerchat_rooms.StandIn.user"}
    # Every field in which people write has a name of theirs.
    written = {place.removeprefix("peerchat_rooms.") for place, _ in found(*NAMES)}
    for model, fields, _, _ in scrubbing.TEXTS:
        assert {f"{model.__name__}.{field}" for field in fields} & written, model


def test_nothing_of_an_erased_person_is_found(school, person):
    assert len({place for place, _ in found(*NAMES)}) > 60
    erasing.erase(user=person, by=person)
    # What Ada calls them in her own words is not known to be theirs.
    left = [(place, text) for place, text in found(*NAMES) if not text.endswith("A quastel")]
    assert left == []


@pytest.mark.parametrize(("names", "format_"), [(True, "csv"), (False, "jsonl")])
def test_nothing_of_an_erased_person_is_in_an_export(school, person, format_, names):
    erasing.erase(user=person, by=person)
    for course, by in (("physics", school.ines), ("optics", school.tess)):
        begun = begin(user=by, course=course, names=names, research=False, format_=format_)
        archive = zipfile.ZipFile(io.BytesIO(b"".join(CourseZip(begun, format_))))
        for file in archive.namelist():
            told = archive.read(file).decode().lower()
            told = told.replace("quastel.zz", "").replace("a quastel", "")
            assert [name for name in NAMES if name.lower() in told] == [], file


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
    talk = [m.text for m in Message.objects.filter(room__partner_group__number=1).order_by("seq")]
    assert talk[0] == "I, … (…), say: force! @ada @" + stand_in.username
    assert talk[1].startswith(f"Yes @{stand_in.username}, and @quastel.zz too. Write to …. ")
    direct = Room.objects.get(kind="direct")
    assert {m.user_id for m in direct.memberships.all()} == {stand_in.pk, school.bea.pk}
    # The place in the course is kept for figures, without any consent.
    place = Enrollment.objects.get(user=stand_in)
    assert (place.in_research_since, place.shares_reasons_since, place.seat) == (None, None, "")
    assert not Membership.objects.filter(user=stand_in, room=school.room).exists()
    assert AuditEntry.objects.filter(act="person.erase", actor=None, subject=stand_in).exists()


def rows():
    """Every row of every table as a text, by its table and key."""
    return {
        (model._meta.label, str(row[model._meta.pk.attname])): " ".join(
            f"{column}={as_text(column, value)}" for column, value in row.items()
        )
        for model in apps.get_models()
        for row in model._base_manager.values()
    }


def test_everything_else_is_as_before(school, person):
    """Rows that have nothing of the person are the same, and no others are new."""
    tryouts.remove(try_out=TryOut.objects.get().pk)
    before = rows()
    erasing.erase(user=person, by=None)
    after = rows()
    others = {
        place: told
        for place, told in before.items()
        if not any(name.lower() in told.lower() for name in NAMES)
    }
    assert len(others) > 100
    assert {place: after.get(place) for place in others} == others
    new = sorted(label for label, _ in after.keys() - before.keys())
    assert new == ["peerchat_accounts.User", "peerchat_rooms.AuditEntry", "peerchat_rooms.StandIn"]
    # What was about the person and somebody else has the stand-in in their place.
    gone = {label for label, _ in before.keys() - after.keys()}
    ends = {name.rpartition(".")[0] for name, rule in persons.RULES.items() if rule.fate != NEEDED}
    assert gone <= {*ends, "peerchat_accounts.User", "peerchat_rooms.Membership"} | {
        *("sessions.Session", "peerchat_accounts.FailedLogin", "peerchat_rooms.Enrollment")
    }


@pytest.mark.django_db(transaction=True)
def test_what_is_written_meanwhile_is_found_as_well(transactional_db):
    """Somebody goes on writing in four windows until they are refused."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    school = make_school()
    person = User.objects.create(
        pk=KEY, username="quastel.z", display_name="Zerlina Quastel", email="zq@mail.example"
    )
    enroll(course=school.course, users=[person])
    begun, written = threading.Barrier(5), []

    def write():
        try:
            post(person, school.room, "I am Zerlina")
            begun.wait(patient(30))
            while True:
                post(person, school.room, "I am Zerlina Quastel, zq@mail.example")
                post(school.bea, school.room, "Is @quastel.z here?")
                written.append(1)
        except (PeerError, IntegrityError, User.DoesNotExist):
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(patient(30))
    while len(written) < 8 and any(thread.is_alive() for thread in threads):
        time.sleep(0.01)
    erasing.erase(user=User.objects.get(pk=KEY), by=None)
    for thread in threads:
        thread.join(patient(30))
    # Bea's later words are to nobody.
    left = [place for place, text in found(*NAMES) if "Is @" not in text]
    assert left == []
    assert Message.objects.filter(sender=StandIn.objects.get().user).count() > 8
    assert not Mention.objects.exclude(user=StandIn.objects.get().user).exists()


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
