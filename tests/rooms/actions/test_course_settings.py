"""Making, changing, archiving and copying courses, and who leads them."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from peerchat import api
from rooms import permissions
from rooms.actions import enrollment, leaders, moderation, rooms, session
from rooms.actions.course_making import copy_course, make_course
from rooms.actions.course_settings import archive_course, change_course, restore_course
from rooms.actions.messages import Post, post_message
from rooms.actions.peer import post_to_partners
from rooms.actions.votes import Ballot, DraftBallot, cast_vote, leave_draft
from rooms.conf import lecturers, limits
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Guest,
    JoinCode,
    Message,
    Room,
    UseLog,
    Vote,
    course_room,
)
from rooms.queries import classroom, messages
from rooms.queries.course_names import proposed_slug
from rooms.wire.commands import Announce, MakePartners, NextQuestion, StartQuestion, StopVote
from rooms.wire.errors import (
    CourseArchived,
    InvalidMessageFormat,
    LastInstructor,
    NamedThemselves,
    PermissionDenied,
    RateLimited,
    SeveralPeople,
    UnknownPerson,
)
from tests.rooms.cast import make_question
from tests.rooms.school import post

# A transaction around three statements on PostgreSQL; the ORM needs more.
QUERIES_OF_A_POST = {"postgresql": 5, "sqlite": 9}


@pytest.fixture
def school(school):
    Group.objects.get(name="Lecturers").user_set.add(school.ines, school.ivan)
    make_question(school.course, "force")
    make_question(school.course, "work")
    return school


@pytest.fixture
def set_lecturers(settings):
    def set_to(value):
        settings.PEERCHAT = {**settings.PEERCHAT, "LECTURERS": value}

    return set_to


def roles(course):
    found = Enrollment.objects.filter(course=course).select_related("user")
    return {one.user.username: one.role for one in found}


# --- who may ----------------------------------------------------------------------------------


def test_members_of_the_group_make_courses(school):
    assert permissions.may_make_courses(school.ines)
    assert not permissions.may_make_courses(school.tess)
    school.ines.is_active = False
    assert not permissions.may_make_courses(school.ines)


def test_a_site_may_let_staff_or_everybody_make_courses(school, set_lecturers):
    set_lecturers("staff")
    assert not permissions.may_make_courses(school.ines)
    school.tess.is_staff = True
    assert permissions.may_make_courses(school.tess)
    set_lecturers("everybody")
    assert permissions.may_make_courses(school.zoe)
    Guest.objects.create(user=school.bea, made_at=timezone.now())
    assert not permissions.may_make_courses(school.bea)
    set_lecturers("group:Teachers")
    assert not permissions.may_make_courses(school.ines)
    school.zoe.is_superuser = True
    assert permissions.may_make_courses(school.zoe)


@pytest.mark.parametrize("value", ["", "group:", "nobody", None, 1])
def test_a_value_that_means_nobody_is_refused(value):
    with pytest.raises(ImproperlyConfigured, match="LECTURERS must be staff"):
        lecturers(value)


def test_migrate_makes_the_group_that_the_setting_names(db, set_lecturers):
    set_lecturers("group:Teachers")
    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == {"Lecturers", "Teachers"}


# --- making -----------------------------------------------------------------------------------


def test_a_title_is_enough(school):
    course = make_course(user=school.ines, title=" Physik  für\u202eAnfänger ")
    assert (course.title, course.slug) == (
        "Physik fürAnfänger",
        "physik furanfanger".replace(" ", "-"),
    )
    assert roles(course) == {"ines": "instructor"}
    assert make_course(user=school.ines, title="Physics").slug == "physics-2"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Общая физика II", "obshchaya-fizika-ii"),
        ("Φυσική", "fysiki"),
        ("Łódź & Œuvre", "lodz-oeuvre"),
        ("物理学", "course"),
        ("物理学 101", "101"),
        ("New", "new-2"),
        ("x" * 200, "x" * 54),
    ],
)
def test_titles_in_any_script_get_a_slug(db, title, slug):
    assert proposed_slug(title) == slug


def test_a_proposed_slug_leads_to_no_other_course(school):
    change_course(user=school.ines, course="physics", slug="mechanics")
    assert proposed_slug("Physics") == "physics-2"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("", ""),
        ("\u200b", ""),
        ("a\0b", ""),
        ("x" * 201, ""),
        ("Physics", "physics"),
        ("Physics", "new"),
        ("Physics", "a b"),
        ("Physics", "ü"),
        ("Physics", "x" * 61),
    ],
)
def test_what_a_course_cannot_be_called(school, title, slug):
    with pytest.raises(InvalidMessageFormat):
        make_course(user=school.ines, title=title, slug=slug)
    assert Course.objects.count() == 2


def test_nobody_else_makes_or_copies_courses(school):
    with pytest.raises(PermissionDenied):
        make_course(user=school.tess, title="Optics")
    with pytest.raises(PermissionDenied):
        copy_course(user=school.ivan, course="physics", title="Optics")
    Group.objects.get(name="Lecturers").user_set.add(school.tess)
    with pytest.raises(PermissionDenied):
        copy_course(user=school.tess, course="physics", title="Optics")
    assert Course.objects.count() == 2


def test_a_copy_has_the_questions_and_settings_and_nothing_else(school):
    moderation.set_slow_mode(user=school.ines, room=str(school.room.id), seconds=5)
    rooms.change_topic(user=school.ines, room=str(school.room.id), topic="Be kind")
    post(school.ada, school.room, "hello")
    copy = copy_course(user=school.ines, course="physics", title="Physics", slug="physics-27")
    assert roles(copy) == {"ines": "instructor"}
    room = course_room(copy)
    assert (room.topic, room.slow_seconds, room.last_seq) == ("Be kind", 5, 0)
    assert [
        (
            one.slug,
            one.prompt,
            one.kind,
            [(c.letter, c.text, c.is_correct) for c in one.choices.all()],
        )
        for one in copy.questions.all()
    ] == [
        (
            one.slug,
            one.prompt,
            one.kind,
            [(c.letter, c.text, c.is_correct) for c in one.choices.all()],
        )
        for one in school.course.questions.all()
    ]
    # They are questions of their own.
    copy.questions.update(prompt="Other")
    assert not school.course.questions.filter(prompt="Other").exists()


# --- changing ---------------------------------------------------------------------------------


def test_a_course_gets_another_title_and_slug(school):
    change_course(user=school.ines, course="physics", title="Mechanics", slug="mechanics")
    course = Course.objects.get(slug="mechanics")
    assert (course.title, school.room.title) == ("Mechanics", "Mechanics")
    assert permissions.enrolled(school.ada, "physics").course == course


DEEDS = {
    "change": lambda lead: change_course(**lead, title="Mine"),
    "archive": lambda lead: archive_course(**lead),
    "restore": lambda lead: restore_course(**lead),
    "add": lambda lead: leaders.add_leader(**lead, person="zoe", role="assistant"),
    "role": lambda lead: leaders.change_role(**lead, username="tess", role="instructor"),
    "remove": lambda lead: leaders.remove_leader(**lead, username="tess"),
    "hand over": lambda lead: leaders.hand_over(**lead, to="zoe", leave=False),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_only_instructors_change_a_course(school, deed):
    for user in (school.ada, school.tess, school.ivan, school.zoe):
        with pytest.raises(PermissionDenied):
            DEEDS[deed]({"user": user, "course": "physics"})
    assert UseLog.objects.filter(event="course").count() == 0


def test_the_slug_of_others_stays_theirs(school):
    change_course(user=school.ines, course="physics", slug="mechanics")
    with pytest.raises(InvalidMessageFormat, match="had this address before"):
        change_course(user=school.ivan, course="chemistry", slug="physics")
    with pytest.raises(InvalidMessageFormat, match="has this address"):
        change_course(user=school.ivan, course="chemistry", slug="mechanics")
    # The next term takes over the address of the last one.
    assert copy_course(user=school.ines, course="mechanics", title="P", slug="physics").pk
    # A course may take back its own.
    change_course(user=school.ivan, course="chemistry", slug="chem")
    assert change_course(user=school.ivan, course="chem", slug="chemistry").slug == "chemistry"


# --- those who lead ---------------------------------------------------------------------------


def test_people_are_added_by_username_or_address(school):
    school.zoe.email = "Zoe@example.org"
    school.zoe.save()
    lead = {"user": school.ines, "course": "physics"}
    leaders.add_leader(**lead, person=" zoe@EXAMPLE.org", role="assistant")
    leaders.add_leader(**lead, person="ada", role="instructor")
    assert roles(school.course) == {
        **dict.fromkeys(("bea", "carl"), "student"),
        **dict.fromkeys(("tess", "zoe"), "assistant"),
        **dict.fromkeys(("ines", "ada"), "instructor"),
    }
    assert school.room.memberships.filter(user=school.zoe).exists()


def test_a_username_that_is_the_address_of_somebody_else_names_nobody(school):
    school.zoe.email = "zoe@example.org"
    school.zoe.save()
    school.ivan.username = "zoe@example.org"
    school.ivan.save()
    with pytest.raises(SeveralPeople):
        leaders.add_leader(
            user=school.ines, course="physics", person="zoe@example.org", role="assistant"
        )


def test_who_cannot_be_added(school):
    lead = {"user": school.ines, "course": "physics"}
    for user in (school.zoe, school.ivan):
        user.email = "both@example.org"
        user.save()
    with pytest.raises(SeveralPeople):
        leaders.add_leader(**lead, person="both@example.org", role="assistant")
    school.zoe.is_active = False
    school.zoe.save()
    for person in ("zoe", "nobody", "no@example.org", "a\0b", "a@\0", ""):
        with pytest.raises(UnknownPerson):
            leaders.add_leader(**lead, person=person, role="assistant")
    with pytest.raises(InvalidMessageFormat, match="role"):
        leaders.add_leader(**lead, person="ivan", role="student")
    assert (
        leaders.add_leader(**lead, person="both@example.org", role="assistant").user == school.ivan
    )


def refused_in_time(deed, **fields):
    """Repeat a deed until it is refused for its rate, as the bucket refills on a busy machine."""
    for _ in range(50 * limits["SEARCH_BURST"]):
        try:
            deed(**fields)
        except UnknownPerson:
            pass
        except RateLimited:
            return True
    return False


def test_nobody_tries_out_addresses(school):
    lead = {"user": school.ines, "course": "physics"}
    assert refused_in_time(leaders.add_leader, **lead, person="tess", role="assistant")
    assert refused_in_time(leaders.hand_over, **lead, to="nobody", leave=False)


def test_the_last_instructor_stays(school):
    lead = {"user": school.ines, "course": "physics"}
    for deed in (
        lambda: leaders.change_role(**lead, username="ines", role="assistant"),
        lambda: leaders.remove_leader(**lead, username="ines"),
        lambda: leaders.add_leader(**lead, person="ines", role="assistant"),
    ):
        with pytest.raises(LastInstructor):
            deed()
    leaders.change_role(**lead, username="tess", role="instructor")
    leaders.remove_leader(**lead, username="ines")
    assert "ines" not in roles(school.course)
    with pytest.raises(InvalidMessageFormat):
        leaders.remove_leader(user=school.tess, course="physics", username="ada")


def test_a_course_is_handed_over(school):
    with pytest.raises(NamedThemselves):
        leaders.hand_over(user=school.ines, course="physics", to="ines", leave=True)
    leaders.hand_over(user=school.ines, course="physics", to="ivan", leave=False)
    found = roles(school.course)
    assert (found["ivan"], found["ines"]) == ("instructor", "assistant")
    leaders.hand_over(user=school.ivan, course="physics", to="ines", leave=True)
    found = roles(school.course)
    assert found["ines"] == "instructor"
    assert "ivan" not in found


# --- archiving --------------------------------------------------------------------------------


def give(school, command):
    return session.control(user=school.ines, course="physics", command=command)


def test_what_runs_ends_with_the_course(school):
    JoinCode.objects.create(
        course=school.course, code="ABCDEF", open_until=timezone.now(), made_at=timezone.now()
    )
    give(school, StartQuestion(uuid="1", question="force"))
    cast_vote(ballot=Ballot(school.ada, "physics", "A"))
    leave_draft(ballot=DraftBallot(school.bea, "physics", "B"))
    archive_course(user=school.ines, course="physics")
    found = ClassSession.objects.get()
    assert found.ended_at is not None
    assert (found.phase, found.current_round) == ("idle", None)
    assert found.rounds.get().closed_at is not None
    assert sorted(Vote.objects.values_list("user__username", "choice")) == [
        ("ada", "A"),
        ("bea", "B"),
    ]
    assert JoinCode.objects.get().open_until is None
    last = Message.objects.filter(room=school.room).latest("seq")
    assert (last.text, last.control["phase"]) == ("enableNext", "idle")
    snapshot = classroom.snapshot(school.ada, "physics")
    assert (snapshot.phase, snapshot.archived) == ("idle", True)
    # Again, it stays as it is.
    before = Course.objects.get(slug="physics").archived_at
    assert archive_course(user=school.ines, course="physics").archived_at == before


def test_partners_lose_their_room_when_the_course_is_archived(school):
    give(school, StartQuestion(uuid="1", question="force"))
    for user, choice in ((school.ada, "A"), (school.bea, "B")):
        cast_vote(ballot=Ballot(user, "physics", choice))
    give(school, StopVote(uuid="2"))
    give(school, MakePartners(uuid="3"))
    archive_course(user=school.ines, course="physics")
    assert not Room.objects.filter(kind="partners", archived_at=None).exists()


def test_nothing_is_written_in_an_archived_course(school):
    hello = post(school.ada, school.room, "hello")
    own = rooms.create_room(user=school.ada, course="physics", title="Own")
    direct = rooms.open_direct_room(user=school.ada, to="bea")
    archive_course(user=school.ines, course="physics")
    room, ada, ines = str(school.room.id), school.ada, school.ines
    before = UseLog.objects.count(), Message.objects.count()
    for deed in (
        lambda: post(ada, school.room, "hello"),
        lambda: post(ines, school.room, "hello"),
        lambda: post(ada, own, "hello"),
        lambda: post(ada, direct, "hello"),
        lambda: post_to_partners(user=ada, course="physics", text="hello"),
        lambda: cast_vote(ballot=Ballot(ada, "physics", "A")),
        lambda: leave_draft(ballot=DraftBallot(ada, "physics", "A")),
        lambda: give(school, StartQuestion(uuid="1", question="force")),
        lambda: give(school, NextQuestion(uuid="1")),
        lambda: give(school, Announce(uuid="1", text="hi")),
        lambda: rooms.create_room(user=ada, course="physics", title="Help"),
        lambda: rooms.join_room(user=school.bea, room=str(own.id)),
        lambda: rooms.leave_room(user=ada, room=str(own.id)),
        lambda: rooms.change_topic(user=ada, room=str(own.id), topic="x"),
        lambda: rooms.archive_room(user=ada, room=str(own.id)),
        lambda: rooms.open_direct_room(user=ada, to="carl"),
        lambda: moderation.remove_message(user=ada, room=room, seq=hello.seq),
        lambda: moderation.mute(user=ines, course="physics", username="ada", seconds=60),
        lambda: moderation.unmute(user=ines, course="physics", username="ada"),
        lambda: moderation.set_slow_mode(user=ines, room=room, seconds=5),
        lambda: enrollment.enroll(course=school.course, users=[school.zoe]),
        lambda: api.add_question(
            course="physics", slug="q", prompt="?", choices=["a", "b"], correct="A"
        ),
        lambda: change_course(user=ines, course="physics", title="Other"),
        lambda: leaders.add_leader(user=ines, course="physics", person="zoe", role="assistant"),
        lambda: leaders.change_role(
            user=ines, course="physics", username="tess", role="instructor"
        ),
        lambda: leaders.remove_leader(user=ines, course="physics", username="tess"),
        lambda: leaders.hand_over(user=ines, course="physics", to="tess", leave=False),
    ):
        with pytest.raises(CourseArchived):
            deed()
    assert (UseLog.objects.count(), Message.objects.count()) == before
    # What is there can be read, and noted as read. The course can be copied.
    page = messages.select_room(school.bea, room, 1)
    assert (page.last_seq, page.room_messages[0].kind) == (hello.seq, "text")
    rooms.mark_read(user=school.bea, room=room, seq=hello.seq)
    assert copy_course(user=ines, course="physics", title="Physics").questions.count() == 2


def test_a_course_is_put_to_use_again(school):
    archive_course(user=school.ines, course="physics")
    restore_course(user=school.ines, course="physics")
    post(school.ada, school.room, "hello")
    assert give(school, StartQuestion(uuid="1", question="force")).phase == "vote"
    assert classroom.snapshot(school.ada, "physics").archived is not True


def test_two_people_who_share_another_course_go_on_in_their_direct_room(school):
    direct = rooms.open_direct_room(user=school.ada, to="bea")
    first = post(school.ada, direct, "hello")
    archive_course(user=school.ines, course="physics")
    enrollment.enroll(course=school.other_course, users=[school.ada])
    with pytest.raises(CourseArchived):
        post(school.ada, direct, "Are you here?")
    enrollment.enroll(course=school.other_course, users=[school.bea])
    second = post(school.ada, direct, "There you are.")
    assert second.seq == first.seq + 1
    assert Room.objects.get(pk=direct.pk).course == school.other_course
    assert UseLog.objects.filter(event="sendmessage").latest("pk").course_id == "chemistry"


def test_a_batch_of_messages_costs_no_further_query(school, django_assert_num_queries):
    post(school.ada, school.room, "hello")
    again = Post(school.ada, str(school.room.pk), "again", "hello again")
    with django_assert_num_queries(QUERIES_OF_A_POST[connection.vendor]):
        post_message(post=again)
