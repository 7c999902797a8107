"""The permissions in one table: each command of each socket for everybody of the cast."""

import pytest
from websockets.exceptions import InvalidStatus

from rooms.models import ClassSettings, Draft, Enrollment, Message, Vote
from rooms.wire.commands import CONTROL_COMMANDS
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
TABLE = [
    (action, who, fields, code)
    for action, (fields, *codes) in CHAT.items()
    for who, code in zip(EVERYBODY, codes, strict=True)
]


@pytest.mark.parametrize(("action", "who", "fields", "code"), TABLE)
async def test_chat_commands(cast, action, who, fields, code):
    rooms = {"course": cast.room, "open": str(cast.open_room(cast.bea).id)}
    store(cast.room, cast.bea, "hello")
    ClassSettings.objects.create(course=cast.course, asks_place=True)
    given = {
        "room": lambda name: rooms[name],
        "course": lambda _: cast.course.slug,
        "to": lambda name: cast.person(name).name,
    }
    fields = {key: given.get(key, lambda value: value)(value) for key, value in fields.items()}
    board = await cast.dashboard()
    await lead(board, "vote")
    client = await cast.chat(cast.person(who))
    reply = await client.command(action, **fields)
    assert reply.get("error_code") == code
    if code is not OK:
        assert await client.settled() == []
        sent = Message.objects.filter(sender=cast.person(who).user).exclude(kind="control")
        assert sent.count() == 0
        assert Vote.objects.filter(user=cast.person(who).user).count() == 0
        assert Draft.objects.filter(user=cast.person(who).user).count() == 0
        said = Enrollment.objects.filter(user=cast.person(who).user)
        assert not said.exclude(place="", shares_reasons_since=None).exists()


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


@pytest.mark.parametrize("who", EVERYBODY)
async def test_resume(cast, who):
    store(cast.room, cast.bea, "hello")
    client = await cast.chat(cast.person(who))
    answer = (await client.ask("resume", rooms={cast.room: 0}))["rooms"][cast.room]
    assert answer.get("error_code") == (NO_ROOM if who in ("ivan", "zoe") else None)
    assert len(answer.get("messages", ())) == (who not in ("ivan", "zoe"))


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
async def test_a_dashboard_is_for_who_leads_the_course(cast, who):
    with pytest.raises(InvalidStatus) as refusal:
        await cast.connect(f"/ws/instructor/{cast.course.slug}/", token=cast.person(who).token)
    assert refusal.value.response.status_code == 403


CONTROL = {
    "start_question": ("idle", {"question": "force"}),
    "quick_question": ("idle", {}),
    "set_correct": ("quick", {"choice": "A"}),
    "count_down_and_stop": ("vote", {}),
    "extend": ("counting", {}),
    "stop_vote": ("vote", {}),
    "make_partners": ("vote_closed", {}),
    "enable_chat": ("paired", {}),
    "enable_face_chat": ("paired", {}),
    "enable_discussion": ("paired", {}),
    "start_revote": ("vote_closed", {}),
    "reveal": ("vote_closed", {}),
    "reopen": ("vote_closed", {}),
    "next_question": ("vote_closed", {}),
    "announce": ("idle", {"text": "hi"}),
    "move_student": ("paired", {"username": "ada", "group": 1}),
    "split_group": ("four", {"group": 1}),
    "join_groups": ("two", {"groups": [1, 2]}),
    "visit_group": ("paired", {"group": 1}),
    "say_to_group": ("paired", {"group": 1, "text": "hi"}),
    "tell_groups": ("paired", {"text": "hi"}),
    "slow_groups": ("paired", {"seconds": 30}),
    "show_bars": ("vote_closed", {}),
    "show_argument": ("revote_closed", {}),
    "figures": ("idle", {}),
}


def test_the_table_has_every_control_command():
    assert set(CONTROL) == {str(kind.__struct_config__.tag) for kind in CONTROL_COMMANDS}


# The groups of a class that is `paired`, in `two` groups, or in one of `four`.
SIZES = {"paired": 2, "two": 2, "four": 4}


async def reach(cast, board, phase):
    """Lead the class of ada and bea, or of four students, to a phase, with groups if it says so."""
    more = [cast.carl, cast.student("dan")] if phase in ("two", "four") else []
    await cast.chat(cast.ada, cast.bea, *more)
    await lead(board, "vote_closed" if phase in SIZES else phase)
    if phase in SIZES:
        await board.ask("make_partners", group_size=SIZES[phase])
        await board.settled()


@pytest.mark.parametrize("action", CONTROL)
@pytest.mark.parametrize("who", ["tess", "ines"])
async def test_control_commands_of_those_who_lead(cast, who, action):
    phase, fields = CONTROL[action]
    board = await cast.dashboard(cast.person(who))
    await reach(cast, board, phase)
    if "username" in fields:
        fields = {**fields, "username": cast.ada.name}
    assert (await board.command(action, **fields))["status"] == "success"


@pytest.mark.parametrize("action", CONTROL)
async def test_control_commands_of_one_who_leads_no_more(cast, action):
    """Each command looks the role up again, whatever it was when the socket was opened."""
    phase, fields = CONTROL[action]
    board = await cast.dashboard(cast.ines)
    demoted = await cast.dashboard(cast.tess)
    await reach(cast, board, phase)
    if "username" in fields:
        fields = {**fields, "username": cast.ada.name}
    # The database alone is changed, so that the socket is not closed at once.
    Enrollment.objects.filter(course=cast.course, user=cast.tess.user).update(role="student")
    before = Message.objects.filter(room=cast.room).count()
    try:
        assert await demoted.fail(action, **fields) == {"error_code": DENIED}
    except AssertionError:
        # The check that comes every ten seconds may be faster.
        assert demoted.socket.close_code == 4403
    assert Message.objects.filter(room=cast.room).count() == before


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
