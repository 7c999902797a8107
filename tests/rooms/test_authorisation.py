"""The permissions in one table: each command of each socket for everybody of the cast."""

import pytest
from websockets.exceptions import InvalidStatus

from rooms.models import ClassSettings, Draft, Enrollment, Message, Vote
from rooms.wire.commands import CONTROL_COMMANDS
from tests.cases import case
from tests.client import barrier
from tests.rooms.cast import make_question, store
from tests.rooms.lesson import lead

OK = None
NO_ROOM = "invalid_room_id"
DENIED = "permission_denied"
EVERYBODY = ("ada", "tess", "ines", "ivan", "zoe")

# The answers about the course's room, an open room of the course and the course itself: for its
# student, its assistant, its instructor, the instructor of another course and a stranger.
CHAT = {
    "join_room": ({"room": "open"}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "list_users": ({"room": "course"}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "select_room": ({"room": "course"}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "history": ({"room": "course", "before": 5}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "new_message": ({"room": "course", "text": "hi"}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "flag_message": ({"room": "course", "seq": 1}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "mark_read": ({"room": "course", "seq": 1}, OK, OK, OK, NO_ROOM, NO_ROOM),
    "leave_room": ({"room": "course"}, DENIED, DENIED, DENIED, NO_ROOM, NO_ROOM),
    "private_message": ({"to": "bea", "text": "hi"}, OK, OK, OK, DENIED, DENIED),
    "state": ({"course": "course"}, OK, OK, OK, DENIED, DENIED),
    "vote": ({"course": "course", "choice": "A"}, OK, DENIED, DENIED, DENIED, DENIED),
    "draft": (
        {"course": "course", "question": "force", "round": 1, "choice": "A"},
        *(OK, DENIED, DENIED, DENIED, DENIED),
    ),
    "say_convinced": (
        {"course": "course", "question": "force", "by": "thought"},
        *("round_closed", DENIED, DENIED, DENIED, DENIED),
    ),
    "set_place": (
        {"course": "course", "place": "hall"},
        *(OK, DENIED, DENIED, DENIED, DENIED),
    ),
    "share_reasons": (
        {"course": "course", "shared": True},
        *(OK, DENIED, DENIED, DENIED, DENIED),
    ),
    "list_rooms": ({}, OK, OK, OK, OK, OK),
    "ping": ({}, OK, OK, OK, OK, OK),
}


TABLE = {
    (action, who): code
    for action, (_, *codes) in CHAT.items()
    for who, code in zip(EVERYBODY, codes, strict=True)
}
REFUSED = {row: code for row, code in TABLE.items() if code is not OK}
ALLOWED = {row: code for row, code in TABLE.items() if code is OK}


async def test_chat_commands(cast):
    """Everybody first gives the commands that they are refused: nothing comes of these."""
    rooms = {"course": cast.room, "open": str(cast.open_room(cast.bea).id)}
    store(cast.room, cast.bea, "hello")
    ClassSettings.objects.create(course=cast.course, asks_place=True)
    given = {
        "room": lambda name: rooms[name],
        "course": lambda _: cast.course.slug,
        "to": lambda name: cast.person(name).name,
    }
    board = await cast.dashboard()
    await lead(board, "vote")
    clients = {who: await cast.chat(cast.person(who)) for who in EVERYBODY}

    async def answer(action, who):
        """Return the error code that this user gets; None if the command is carried out."""
        fields, *_ = CHAT[action]
        fields = {key: given.get(key, lambda value: value)(value) for key, value in fields.items()}
        return (await clients[who].command(action, **fields)).get("error_code")

    assert {row: await answer(*row) for row in REFUSED} == REFUSED
    for client in clients.values():
        assert await client.settled() == []
    users = [cast.person(who).user for who in EVERYBODY]
    assert Message.objects.filter(sender__in=users).exclude(kind="control").count() == 0
    assert Vote.objects.filter(user__in=users).count() == 0
    assert Draft.objects.filter(user__in=users).count() == 0
    said = Enrollment.objects.filter(user__in=users)
    assert not said.exclude(place="", shares_reasons_since=None).exists()
    assert {row: await answer(*row) for row in ALLOWED} == ALLOWED


@pytest.mark.parametrize("who", EVERYBODY)
async def test_typing(cast, who):
    bea = await cast.chat(cast.bea)
    client = await cast.chat(cast.person(who))
    await client.post("typing", room=cast.room)
    if who in ("ivan", "zoe"):
        assert (await client.take(lambda f: "status" in f, "a refusal"))["error_code"] == NO_ROOM
        await barrier(bea, cast.room)
        assert bea.unread() == []
    else:
        assert (await bea.event("typing"))["user"] == cast.person(who).body
        assert await client.settled() == []


async def test_resume(cast):
    store(cast.room, cast.bea, "hello")
    answers = {}
    for who in EVERYBODY:
        client = await cast.chat(cast.person(who))
        answer = (await client.ask("resume", rooms={cast.room: 0}))["rooms"][cast.room]
        answers[who] = answer.get("error_code"), len(answer.get("messages", ()))
    assert answers == {
        **dict.fromkeys(("ada", "tess", "ines"), (None, 1)),
        **dict.fromkeys(("ivan", "zoe"), (NO_ROOM, 0)),
    }


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
async def test_a_dashboard_is_for_who_leads_the_course(cast, who):
    with pytest.raises(InvalidStatus) as refusal:
        await cast.connect(f"/ws/instructor/{cast.course.slug}/", token=cast.person(who).token)
    assert refusal.value.response.status_code == 403


# A lesson in which each command is legal where it stands, and all of them are given. The class has
# four students.
LESSON = [
    ("figures", {}),
    ("announce", {"text": "hi"}),
    ("quick_question", {}),
    ("set_correct", {"choice": "A"}),
    ("stop_vote", {}),
    ("next_question", {}),
    ("start_question", {"question": "force"}),
    ("count_down_and_stop", {"seconds": 600}),
    ("extend", {}),
    ("stop_vote", {}),
    ("show_bars", {}),
    ("reopen", {}),
    ("stop_vote", {}),
    ("make_partners", {"group_size": 2}),
    ("visit_group", {"group": 1}),
    ("say_to_group", {"group": 1, "text": "hi"}),
    ("tell_groups", {"text": "hi"}),
    ("slow_groups", {"seconds": 30}),
    ("join_groups", {"groups": [1, 2]}),
    ("split_group", {"group": 1}),
    ("move_student", {"username": "ada", "group": 1}),
    ("enable_chat", {}),
    ("start_revote", {}),
    ("stop_vote", {}),
    ("show_argument", {}),
    ("reveal", {}),
    *(
        step
        for discussion in ("enable_face_chat", "enable_discussion")
        for step in (
            ("start_question", {"question": "force"}),
            ("stop_vote", {}),
            ("make_partners", {}),
            (discussion, {}),
            ("start_revote", {}),
            ("stop_vote", {}),
            ("reveal", {}),
        )
    ),
]


def test_the_lesson_has_every_control_command():
    assert {action for action, _ in LESSON} == {
        str(kind.__struct_config__.tag) for kind in CONTROL_COMMANDS
    }


def steps(cast):
    """The steps of the lesson, with the student of this course."""
    for action, fields in LESSON:
        named = {"username": cast.ada.name} if "username" in fields else {}
        yield action, fields | named


@pytest.mark.parametrize("who", ["tess", "ines"])
async def test_control_commands_of_those_who_lead(cast, who):
    board = await cast.dashboard(cast.person(who))
    await cast.chat(cast.ada, cast.bea, cast.carl, cast.student("dan"))
    for action, fields in steps(cast):
        with case(action):
            assert (await board.command(action, **fields))["status"] == "success"


async def test_control_commands_of_one_who_leads_no_more(cast):
    """Each command looks the role up again, whatever it was when the socket was opened.

    Before each step of the lesson the assistant, who is none any more, tries the same command.
    """
    board = await cast.dashboard(cast.ines)
    demoted = await cast.dashboard(cast.tess)
    await cast.chat(cast.ada, cast.bea, cast.carl, cast.student("dan"))
    role = Enrollment.objects.filter(course=cast.course, user=cast.tess.user)
    messages = Message.objects.filter(room__course=cast.course)
    for action, fields in steps(cast):
        with case(action):
            # The database alone is changed, so that the socket is not closed at once.
            role.update(role="student")
            before = messages.count()
            try:
                assert await demoted.fail(action, **fields) == {"error_code": DENIED}
            except AssertionError:
                # The check that comes every ten seconds may be faster.
                assert demoted.socket.close_code == 4403
            assert messages.count() == before
            role.update(role="assistant")
            if demoted.socket.close_code:
                demoted = await cast.dashboard(cast.tess)
            await board.ask(action, **fields)


async def test_a_dashboard_is_of_its_course_alone(cast):
    """A command cannot name another course, and only members of a course get its state."""
    ivan = await cast.connect(f"/ws/instructor/{cast.other_course.slug}/", token=cast.ivan.token)
    assert await ivan.fail("state", course=cast.course.slug) == {"error_code": DENIED}
    assert await ivan.fail("start_question", question="force") == {
        "error_code": "invalid_message_format"
    }
    assert await ivan.fail("move_student", username=cast.ada.name, group=1) == {
        "error_code": "illegal_transition",
        "phase": "idle",
        "epoch": 0,
    }


async def test_a_question_of_another_course_cannot_be_posed(cast):
    make_question(cast.other_course, "elsewhere")
    ines = await cast.dashboard()
    for action, phase in (("start_question", "idle"), ("next_question", "vote_closed")):
        await lead(ines, phase)
        assert await ines.fail(action, question="elsewhere") == {
            "error_code": "invalid_message_format"
        }
