"""Pseudonyms: when a class gets them, who has which, and what rests meanwhile."""

import random
import uuid
from datetime import timedelta

import pytest

from accounts import people
from rooms import frames
from rooms.actions import joining, merging, moderation, pseudonyms
from rooms.actions.enrollment import enroll
from rooms.actions.rooms import create_room, join_room, open_direct_room
from rooms.actions.session import begin
from rooms.actions.steps import NEW_SESSION_AFTER
from rooms.models import (
    ClassSession,
    ClassSettings,
    Course,
    Enrollment,
    Membership,
    Mention,
    Partner,
    PartnerGroup,
    Pseudonym,
)
from rooms.peer.pseudonyms import username
from rooms.queries import classroom, courses, messages, presence, search, talk
from rooms.queries import pseudonyms as queries
from rooms.queries.rooms import entries, list_rooms, list_users, room_seen
from rooms.wire.commands import Announce, NextQuestion, StartQuestion, StopVote
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied
from tests.rooms.cast import make_question
from tests.rooms.school import make_person, post


@pytest.fixture
def settings_of(school):
    make_question(school.course, "force")
    make_question(school.course, "work")
    return ClassSettings.objects.create(course=school.course)


@pytest.fixture
def hidden(school, settings_of):
    """A course with pseudonyms whose class is at a question."""
    settings_of.has_pseudonyms = True
    settings_of.save()
    start(school)
    return settings_of


def lead(school, kind, *, at_once=False, **fields):
    command = kind(uuid=uuid.uuid4().hex, **fields)
    begin(user=school.ines, course="physics", command=command, at_once=at_once)


def start(school, question="force"):
    """Pose a question, after the end of the one before."""
    session = ClassSession.objects.filter(course=school.course, ended_at=None).first()
    if session is not None and session.current_round is not None:
        leave(school)
    lead(school, StartQuestion, question=question)


def leave(school):
    """Let the class leave its question."""
    lead(school, StopVote, at_once=True)
    lead(school, NextQuestion)


def later(school):
    """Let so much time pass that the next question begins another class."""
    leave(school)
    for session in ClassSession.objects.filter(course=school.course, ended_at=None):
        session.changed_at -= NEW_SESSION_AFTER + timedelta(minutes=1)
        session.save()


def name(user):
    """The pseudonym of a user in the last class."""
    return Pseudonym.objects.filter(user=user).order_by("-session_id").first().name


def author(message):
    return frames.body(message).user


def test_without_the_choice_everything_has_its_name(school, settings_of):
    start(school)
    assert author(post(school.ada, school.room, "hello")) == frames.person(school.ada)
    assert not Pseudonym.objects.exists()


def test_students_have_pseudonyms_and_those_who_lead_names(school, hidden):
    said = author(post(school.ada, school.room, "hello"))
    assert said == frames.pseudonym(name(school.ada))
    assert said.username.startswith("~")
    assert author(post(school.ines, school.room, "welcome")) == frames.person(school.ines)
    assert len({name(one) for one in (school.ada, school.bea, school.carl)}) == 3
    assert not Pseudonym.objects.filter(user__in=[school.tess, school.ines]).exists()
    # Stable in the class, and new in the next.
    now = name(school.ada)
    start(school, "work")
    assert name(school.ada) == now
    later(school)
    start(school)
    assert name(school.ada) != now


def test_they_begin_between_two_questions_or_with_the_next(school, settings_of):
    start(school)
    settings_of.has_pseudonyms = True
    settings_of.save()
    # Somebody may know a partner of this question by name.
    assert author(post(school.ada, school.room, "1")) == frames.person(school.ada)
    start(school, "work")
    assert author(post(school.ada, school.room, "2")).pseudonym is True


def test_they_begin_at_once_while_no_question_is_posed(school, settings_of):
    start(school)
    leave(school)
    before = classroom.snapshot(school.ada, "physics").revision
    settings_of.has_pseudonyms = True
    settings_of.save()
    assert author(post(school.ada, school.room, "1")).pseudonym is True
    assert classroom.snapshot(school.ada, "physics").revision > before


def test_before_the_first_class_students_only_read(school, settings_of):
    settings_of.has_pseudonyms = True
    settings_of.save()
    with pytest.raises(PermissionDenied, match="first class"):
        post(school.ada, school.room, "hello")
    post(school.ines, school.room, "welcome")
    seen = {one.username for one in list_users(school.ada, str(school.room.id))}
    assert seen == {people.username(one) for one in (school.ada, school.tess, school.ines)}
    lead(school, Announce, text="we begin")
    assert author(post(school.ada, school.room, "hello")).pseudonym is True


def test_what_was_written_under_a_pseudonym_keeps_it(school, hidden):
    post(school.bea, school.room, "secret words")
    pseudonym = frames.pseudonym(name(school.bea))
    hidden.has_pseudonyms = False
    hidden.save()
    # The class that is on keeps them: its partners know each other by them.
    assert author(post(school.bea, school.room, "still")) == pseudonym
    later(school)
    start(school)
    assert author(post(school.bea, school.room, "by name")) == frames.person(school.bea)
    Enrollment.objects.filter(user=school.bea).update(role="assistant")
    room = str(school.room.id)
    pages = [
        messages.select_room(school.ada, room, 100).room_messages,
        messages.history(school.ada, room, 10**6, 100).room_messages,
        messages.resume(school.ada, {room: 0}).rooms[room].messages,
        search.search(school.ada, "secret", limit=10),
    ]
    for page in pages:
        (found,) = (one for one in page if one.text == "secret words")
        assert found.user == pseudonym


def test_the_lists_and_the_state_have_pseudonyms(school, hidden):
    room = str(school.room.id)
    listed = list_users(school.ada, room)
    assert [one.username for one in listed] == sorted(one.username for one in listed)
    assert {one.display_name for one in listed if one.pseudonym is True} == {
        name(one) for one in (school.ada, school.bea, school.carl)
    }
    named = {one.username for one in listed if one.pseudonym is not True}
    assert named == {people.username(one) for one in (school.tess, school.ines)}
    me = classroom.snapshot(school.ada, "physics").me
    assert (me.username, me.display_name) == (username(name(school.ada)), name(school.ada))
    assert me.lecturers_know
    assert me.earlier == []
    assert entries([school.ada], 10)[0][0][0].me == me
    assert not classroom.snapshot(school.ines, "physics").me
    later(school)
    start(school)
    assert classroom.snapshot(school.ada, "physics").me.earlier == [me.username]
    _, _, coming = presence.presence([school.room.id], [school.ada.pk, school.ines.pk])
    assert coming == {
        school.room.id: {
            school.ada.pk: username(name(school.ada)),
            school.ines.pk: people.username(school.ines),
        }
    }


def test_pseudonyms_can_be_mentioned(school, hidden):
    text = f"@{username(name(school.bea))} and @{username(name(school.ada))}: look!"
    message = post(school.ada, school.room, text)
    assert [one.user for one in Mention.objects.filter(message=message)] == [school.bea]
    # But not somebody who is not in the room.
    partners = school.make_room(school.ada, school.bea, kind="partners")
    message = post(school.ada, partners, f"@{username(name(school.carl))}")
    assert not Mention.objects.filter(message=message).exists()


def test_other_rooms_rest(school, settings_of):
    """Their members stay, so whoever knew them by name would know their pseudonyms."""
    room = school.make_room(school.ada, school.bea, created_by=school.bea)
    direct = open_direct_room(user=school.ada, to=people.username(school.bea))
    led = open_direct_room(user=school.ada, to=people.username(school.ines))
    settings_of.has_pseudonyms = True
    settings_of.save()
    start(school)
    for resting in (room, direct):
        with pytest.raises(PermissionDenied, match="pseudonyms"):
            post(school.bea, resting, "hello")
        seen = {one.username for one in list_users(school.ada, str(resting.id))}
        assert seen == {people.username(school.ada)}
    _, _, coming = presence.presence([room.id, direct.id], [school.bea.pk])
    assert coming == {room.id: {}, direct.id: {}}
    assert author(post(school.ada, led, "hello")) == frames.person(school.ada)
    assert room_seen(school.ada, str(room.id)).created_by is None
    assert room_seen(school.bea, str(room.id)).created_by == school.bea
    with pytest.raises(PermissionDenied, match="pseudonyms"):
        create_room(user=school.ada, course="physics", title="More")
    with pytest.raises(PermissionDenied, match="pseudonyms"):
        join_room(user=school.carl, room=str(room.id))
    create_room(user=school.ines, course="physics", title="More")
    # The answer is the same for a name that nobody has.
    refusals = []
    for to in (people.username(school.carl), "nobody", username(name(school.carl))):
        with pytest.raises(PermissionDenied) as refused:
            open_direct_room(user=school.ada, to=to)
        refusals.append(refused.value.message)
    assert len(set(refusals)) == 1
    assert [one.title for one in list_rooms(school.ada) if one.room == str(direct.id)]


def test_two_who_share_another_course_write_to_each_other_there(school, settings_of):
    direct = open_direct_room(user=school.ada, to=people.username(school.bea))
    maths = Course.objects.create(slug="maths", title="Maths")
    enroll(course=maths, users=[school.ada, school.bea])
    settings_of.has_pseudonyms = True
    settings_of.save()
    start(school)
    assert author(post(school.ada, direct, "hello")) == frames.person(school.ada)
    direct.refresh_from_db()
    assert direct.course == maths
    assert open_direct_room(user=school.bea, to=people.username(school.ada)) == direct


def test_newcomers_get_one_at_once(school, hidden):
    made, written = make_person("new"), make_person("written")
    enroll(course=school.course, users=[made])
    Enrollment.objects.create(course=school.course, user=written)
    assert classroom.snapshot(made, "physics").me.display_name == name(made)
    assert classroom.snapshot(written, "physics").me.display_name == name(written)
    # Whoever was put into the course unseen gets one with the first message.
    unseen = make_person("unseen")
    Enrollment.objects.bulk_create([Enrollment(course=school.course, user=unseen)])
    Membership.objects.create(room=school.room, user=unseen)
    assert {one.display_name for one in list_users(school.ada, str(school.room.id))} >= {"Student"}
    assert author(post(unseen, school.room, "hello")).display_name == name(unseen)


def test_no_pseudonym_is_the_username_of_somebody(school, hidden):
    first = pseudonyms.choose(school.course, 5, random.Random(7))
    taken = make_person("taken")
    setattr(taken, people.by_name(), username(first[2]).upper())
    taken.save()
    then = pseudonyms.choose(school.course, 5, random.Random(7))
    assert then[:4] == [*first[:2], *first[3:]]
    assert first[2] not in then


def test_those_who_lead_may_know_only_where_the_course_said_so(school, hidden):
    owners = list(queries.owners(school.tess, "physics"))
    assert {(one.user, one.name) for one in owners} == {
        (user, name(user)) for user in (school.ada, school.bea, school.carl)
    }
    with pytest.raises(PermissionDenied):
        queries.owners(school.ada, "physics")
    assert queries.student(school.course, username(name(school.ada))) == school.ada
    assert queries.student(school.course, people.username(school.ada)) == school.ada
    hidden.lecturer_knows = False
    hidden.save()
    with pytest.raises(PermissionDenied):
        queries.owners(school.tess, "physics")
    # What was promised stays so, also after the course has changed its mind.
    hidden.lecturer_knows = True
    hidden.save()
    with pytest.raises(PermissionDenied):
        queries.owners(school.tess, "physics")
    assert not classroom.snapshot(school.ada, "physics").me.lecturers_know
    later(school)
    start(school)
    assert {one.session_id for one in queries.owners(school.tess, "physics")} == {
        ClassSession.objects.get(course=school.course, ended_at=None).pk
    }


def test_where_they_do_not_know_they_mute_pseudonyms(school, hidden):
    hidden.lecturer_knows = False
    hidden.save()
    given = {"user": school.ines, "course": "physics"}
    with pytest.raises(InvalidMessageFormat):
        moderation.mute(**given, username=people.username(school.ada), seconds=60)
    muted = moderation.mute(**given, username=username(name(school.ada)), seconds=60)
    assert muted.user == school.ada
    with pytest.raises(PermissionDenied, match="muted"):
        post(school.ada, school.room, "hello")
    seen = queries.for_lecturers(school.course, [school.ada])
    assert seen == {school.ada.pk: frames.pseudonym(name(school.ada))}
    moderation.unmute(**given, username=username(name(school.ada)))
    post(school.ada, school.room, "hello")
    # A mute ends with the class: the list of the next one would tell whose the pseudonym was.
    moderation.mute(**given, username=username(name(school.ada)), seconds=86_400)
    hidden.has_pseudonyms = False
    hidden.save()
    assert [one.user for one in courses.muted(school.course)] == [school.ada]
    later(school)
    start(school)
    assert list(courses.muted(school.course)) == []
    post(school.ada, school.room, "hello")


def test_the_groups_of_a_class_are_seen_by_pseudonyms(school, hidden):
    students = (school.ada, school.bea, school.carl)
    room = school.make_room(*students, kind="partners")
    session = ClassSession.objects.get(course=school.course, ended_at=None)
    round_ = session.current_round
    group = PartnerGroup.objects.create(
        round=round_, number=1, room=room, formed_at=round_.opened_at
    )
    for user in students:
        Partner.objects.create(group=group, round=round_, user=user)
    seen = talk.groups(school.course).groups[0].members
    assert [one.seen for one in seen] == [frames.pseudonym(name(user)) for user in students]
    assert [one.name for one in seen] == [people.shown_name(user) for user in students]
    assert [
        body.username for _, _, body in classroom.partner_bodies(group, session=session.pk)
    ] == [username(name(user)) for user in students]
    hidden.lecturer_knows = False
    hidden.save()
    assert [one.name for one in talk.groups(school.course).groups[0].members] == [None] * 3


def test_a_guest_who_is_merged_keeps_what_they_said(school, hidden):
    code = joining.open_joining(user=school.ines, course="physics")
    lola = joining.join_as_guest(code=code, name="Lola", device="d" * 40)
    said = post(lola, school.room, "hello")
    before = name(lola)
    merging.merge_guest(
        user=school.ines,
        course="physics",
        username=people.username(lola),
        into=people.username(school.ada),
    )
    said.refresh_from_db()
    assert author(said).display_name == before != name(school.ada)
    # Nobody else is ever given the name.
    first = pseudonyms.choose(school.course, 5, random.Random(7))
    said.pseudonym = first[2]
    said.save()
    assert first[2] not in pseudonyms.choose(school.course, 5, random.Random(7))
