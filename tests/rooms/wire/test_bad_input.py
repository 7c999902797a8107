"""Bad input of clients: each gets the contract's error, nothing is stored, nobody else notices."""

import itertools
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.models import Message, UseLog
from rooms.wire import events
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS
from rooms.wire.errors import PeerError
from rooms.wire.parser import Parser
from tests.cases import case
from tests.client import barrier, refusal
from tests.pace import patient
from tests.rooms.cast import eventually

FEW = 8
"""So many malformed frames a socket survives: the tenth closes it."""


def command(action="ping", uuid="u", **fields):
    return json.dumps({"uuid": uuid, "action": action, **fields})


async def first(client):
    """Return the first reply, which is the only frame after the welcome."""
    return await client.take(lambda frame: "status" in frame, "a reply")


async def answer(client, frame):
    """Send a frame as it is; return the reply."""
    await client.send(frame)
    return await first(client)


def few_at_a_time(cases):
    """Return the cases in groups that one socket survives."""
    items = list(cases.items())
    return [dict(items[start : start + FEW]) for start in range(0, len(items), FEW)]


async def unharmed(cast, client, *others):
    """Assert that the sockets live on, and that nothing sent was stored or told to others."""
    assert await client.settled() == []
    for other in others:
        await barrier(other, cast.room, *others)
        assert other.unread() == []
    senders = set(Message.objects.filter(room__course=cast.course).values_list("sender", flat=True))
    assert senders <= {cast.bea.user.pk, cast.carl.user.pk}


# --- not a command -------------------------------------------------------------------------------

NOT_JSON = {
    "empty": "",
    "blank": "  ",
    "word": "hello",
    "open": '{"uuid": "u", "action": "ping"',
    "single quotes": "{'uuid': 'u', 'action': 'ping'}",
    "two": '{"uuid": "u", "action": "ping"}{"uuid": "v", "action": "ping"}',
    "trailing comma": '{"uuid": "u", "action": "ping",}',
    "NaN": '{"uuid": "u", "action": "ping", "x": NaN}',
    "nul": '{"uuid": "u",\x00 "action": "ping"}',
    "lone surrogate": '{"uuid": "u", "action": "new_message", "text": "\\ud800"}',
    "lone surrogate in the uuid": '{"uuid": "\\udfff", "action": "ping"}',
    "nested lists": "[" * 30_000,
    "nested objects": '{"a":' * 13_000,
    "bom": "\ufeff" + '{"uuid": "u", "action": "ping"}',
}


async def test_what_is_not_json(cast):
    expected = {
        "uuid": None,
        "action": None,
        "status": "error",
        "error_message": "The frame is not valid JSON.",
        "error_code": "invalid_json",
    }
    bea = await cast.chat(cast.bea)
    for few in few_at_a_time(NOT_JSON):
        ada = await cast.chat(cast.ada)
        assert {name: await answer(ada, frame) for name, frame in few.items()} == dict.fromkeys(
            few, expected
        )
        await unharmed(cast, ada, bea)


NOT_A_COMMAND = {
    "list": ("[]", None, None),
    "string": ('"ping"', None, None),
    "number": ("17", None, None),
    "null": ("null", None, None),
    "empty object": ("{}", None, None),
    "no action": ('{"uuid": "u"}', "u", None),
    "no uuid": ('{"action": "ping"}', None, "ping"),
    "uuid a number": ('{"uuid": 17, "action": "ping"}', None, "ping"),
    "action a list": ('{"uuid": "u", "action": ["ping"]}', "u", None),
    "action null": ('{"uuid": "u", "action": null}', "u", None),
    "deep": ('{"uuid": ' + "[" * 500 + "]" * 500 + ', "action": "ping"}', None, "ping"),
}


@pytest.mark.parametrize("endpoint", ["chat", "instructor"])
async def test_what_is_not_a_command(cast, endpoint):
    for few in few_at_a_time(NOT_A_COMMAND):
        client = await (cast.chat(cast.ada) if endpoint == "chat" else cast.dashboard())
        assert {name: await answer(client, frame) for name, (frame, _, _) in few.items()} == {
            name: {
                "uuid": uuid,
                "action": action,
                "status": "error",
                "error_message": 'A command is a JSON object with a "uuid" and an "action".',
                "error_code": "invalid_message_format",
            }
            for name, (_, uuid, action) in few.items()
        }
        assert await client.settled() == []


@pytest.mark.parametrize("endpoint", ["chat", "instructor"])
async def test_binary_frames(cast, endpoint):
    client = await (cast.chat(cast.ada) if endpoint == "chat" else cast.dashboard())
    await client.send(command().encode())
    assert await first(client) == {
        "uuid": None,
        "action": None,
        "status": "error",
        "error_message": "Frames must be text, not binary.",
        "error_code": "invalid_message_format",
    }
    assert await client.settled() == []


@pytest.mark.parametrize("endpoint", ["chat", "instructor"])
async def test_unknown_actions(cast, endpoint):
    client = await (cast.chat(cast.ada) if endpoint == "chat" else cast.dashboard())
    actions = ("", "nothing", "new_message\n", "PING", "room_added", "💥")
    assert {action: await answer(client, command(action)) for action in actions} == {
        action: {
            "uuid": "u",
            "action": action,
            "status": "error",
            "error_message": "This socket has no such action.",
            "error_code": "unknown_action",
        }
        for action in actions
    }


async def test_commands_of_the_other_socket_are_unknown(cast):
    actions = {
        "chat": ("start_question", "stop_vote", "make_partners", "reveal", "announce", "figures"),
        "instructor": ("new_message", "vote", "list_rooms", "authenticate", "resume", "typing"),
    }
    sockets = {"chat": await cast.chat(cast.ines), "instructor": await cast.dashboard()}
    given = [(endpoint, action) for endpoint in actions for action in actions[endpoint]]
    assert {
        (endpoint, action): await sockets[endpoint].fail(action) for endpoint, action in given
    } == {key: {"error_code": "unknown_action"} for key in given}


# --- ten of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["chat", "instructor"])
async def test_ten_malformed_frames_close_with_4400(cast, endpoint):
    bea = await cast.chat(cast.bea)
    for frame in ("not json", "[]", b"binary"):
        client = await (cast.chat(cast.ada) if endpoint == "chat" else cast.dashboard())
        with case(frame):
            for _ in range(9):
                await client.send(frame)
            await client.ask("ping")
            assert len(client.unread()) == 9
            await client.send(frame)
            await client.send(command())
            assert await client.closed() == 4400
            # The tenth was answered, and nothing after it.
            assert [one["status"] for one in client.unread()] == ["error"] * 10
            await bea.ask("ping")


async def test_ten_from_one_who_is_not_authenticated(cast):
    client = await cast.connect("/ws/chat/")
    for _ in range(10):
        await client.send("not json")
    assert await client.closed() == 4400


async def test_commands_that_are_refused_are_not_malformed(cast):
    ada = await cast.chat(cast.ada)
    for _ in range(12):
        await ada.fail("nothing")
        await ada.fail("ping", more=1)
        await ada.fail("join_room", room="lobby")
    await ada.ask("ping")


# --- fields --------------------------------------------------------------------------------------

R = "00000000-0000-4000-8000-000000000000"
BAD_FIELDS = {
    "uuid empty": ("ping", {"uuid": ""}),
    "uuid of 65": ("ping", {"uuid": "u" * 65}),
    "uuid with nul": ("ping", {"uuid": "a\x00b"}),
    "unknown field": ("ping", {"more": 1}),
    "field of another command": ("list_rooms", {"room": R}),
    "room missing": ("join_room", {}),
    "room null": ("join_room", {"room": None}),
    "room a number": ("join_room", {"room": 1}),
    "room a list": ("join_room", {"room": [R]}),
    "room too long": ("join_room", {"room": "r" * 37}),
    "text missing": ("new_message", {"room": R}),
    "text a number": ("new_message", {"room": R, "text": 17}),
    "text null": ("new_message", {"room": R, "text": None}),
    "text an object": ("new_message", {"room": R, "text": {"a": 1}}),
    "reply_to a number": ("new_message", {"room": R, "text": "x", "reply_to": 1}),
    "to empty": ("private_message", {"to": "", "text": "x"}),
    "to of 255": ("private_message", {"to": "a" * 255, "text": "x"}),
    "to with nul": ("private_message", {"to": "a\x00", "text": "x"}),
    "limit a string": ("select_room", {"room": R, "limit": "20"}),
    "limit a fraction": ("select_room", {"room": R, "limit": 1.5}),
    "limit true": ("select_room", {"room": R, "limit": True}),
    "before missing": ("history", {"room": R}),
    "before negative": ("history", {"room": R, "before": -1}),
    "before huge": ("history", {"room": R, "before": 2**53}),
    "before enormous": ("history", {"room": R, "before": 10**400}),
    "rooms a list": ("resume", {"rooms": [R]}),
    "rooms with strings": ("resume", {"rooms": {R: "1"}}),
    "rooms with negative": ("resume", {"rooms": {R: -1}}),
    "rooms with huge": ("resume", {"rooms": {R: 2**64}}),
    "rooms too many": ("resume", {"rooms": {f"r{n}": 0 for n in range(201)}}),
    "seq negative": ("mark_read", {"room": R, "seq": -1}),
    "seq huge": ("mark_read", {"room": R, "seq": 2**63}),
    "seq a float": ("mark_read", {"room": R, "seq": 1.5}),
    "course missing": ("state", {}),
    "course with a slash": ("state", {"course": "a/b"}),
    "course with nul": ("state", {"course": "a\x00"}),
    "course of 61": ("state", {"course": "a" * 61}),
    "choice missing": ("vote", {"course": "c"}),
    "choice a list": ("vote", {"course": "c", "choice": ["A"]}),
    "choice a number": ("vote", {"course": "c", "choice": 1}),
    "choice too long": ("vote", {"course": "c", "choice": "A" * 201}),
    "confidence 0": ("vote", {"course": "c", "choice": "A", "confidence": 0}),
    "confidence 6": ("vote", {"course": "c", "choice": "A", "confidence": 6}),
    "confidence 2.5": ("vote", {"course": "c", "choice": "A", "confidence": 2.5}),
    "confidence a string": ("vote", {"course": "c", "choice": "A", "confidence": "5"}),
    "rationale a list": ("vote", {"course": "c", "choice": "A", "rationale": []}),
    "rationale with nul": ("vote", {"course": "c", "choice": "A", "rationale": "\x00"}),
    "token missing": ("authenticate", {}),
    "token a number": ("authenticate", {"token": 1}),
    "token of 201": ("authenticate", {"token": "t" * 201}),
}


async def test_bad_fields(cast):
    ada = await cast.chat(cast.ada)
    for name, (action, fields) in BAD_FIELDS.items():
        with case(name):
            reply = await answer(ada, command(action, **fields))
            uuid = fields.get("uuid", "u")
            assert (reply["uuid"], reply["action"]) == (uuid if len(uuid) <= 64 else None, action)
            assert refusal(reply) == {"error_code": "invalid_message_format"}
            assert await ada.settled() == []


BAD_CONTROL = {
    "question missing": ("start_question", {}),
    "question null": ("start_question", {"question": None}),
    "question of none": ("start_question", {"question": "nothing"}),
    "seconds 0": ("start_question", {"question": "force", "seconds": 0}),
    "seconds negative": ("start_question", {"question": "force", "seconds": -1}),
    "seconds too many": ("start_question", {"question": "force", "seconds": 3601}),
    "seconds enormous": ("start_question", {"question": "force", "seconds": 10**300}),
    "seconds a string": ("start_question", {"question": "force", "seconds": "5"}),
    "epoch negative": ("start_question", {"question": "force", "epoch": -1}),
    "epoch a string": ("start_question", {"question": "force", "epoch": "0"}),
    "epoch huge": ("start_question", {"question": "force", "epoch": 2**64}),
    "another course": ("start_question", {"question": "force", "course": "c"}),
    "group_size 1": ("make_partners", {"group_size": 1}),
    "group_size 6": ("make_partners", {"group_size": 6}),
    "method of none": ("make_partners", {"method": "best"}),
    "group 0": ("move_student", {"username": "ada", "group": 0}),
    "group missing": ("move_student", {"username": "ada"}),
    "text missing": ("announce", {}),
    "text with nul": ("announce", {"text": "\x00"}),
    "unknown field": ("stop_vote", {"force": True}),
}


async def test_bad_fields_of_control_commands(cast):
    ines = await cast.dashboard()
    before = await ines.ask("state")
    for name, (action, fields) in BAD_CONTROL.items():
        with case(name):
            assert await ines.fail(action, **fields) == {"error_code": "invalid_message_format"}
            after = await ines.ask("state")
            assert {**after, "server_time": 0} == {**before, "server_time": 0}
            assert Message.objects.filter(room=cast.room).count() == 0
            assert await ines.settled() == []


async def test_bad_announcements(cast):
    ines = await cast.dashboard()
    for text, code in ((" ", "empty_text"), ("x" * 4001, "text_too_long")):
        assert await ines.fail("announce", text=text) == {"error_code": code}
        assert Message.objects.filter(room=cast.room).count() == 0


async def test_the_unknown_field_is_named(cast):
    ada = await cast.chat(cast.ada)
    reply = await ada.command("ping", colour="red")
    assert "colour" in reply["error_message"]


async def test_other_peoples_courses(cast):
    ada = await cast.chat(cast.ada)
    for slug in (cast.other_course.slug, "no-such-course"):
        for action, fields in (("state", {}), ("vote", {"choice": "A"})):
            reply = await ada.command(action, course=slug, **fields)
            assert refusal(reply) == {"error_code": "permission_denied"}


# --- size ----------------------------------------------------------------------------------------


def padded(size):
    """A `ping` of so many bytes."""
    return command() + " " * (size - len(command()))


async def test_a_frame_at_the_limit(cast):
    ada = await cast.chat(cast.ada)
    await ada.send(padded(65_536))
    assert (await first(ada))["status"] == "success"


@pytest.mark.parametrize("endpoint", ["chat", "instructor", "before authentication"])
async def test_a_frame_over_the_limit_ends_the_connection(cast, endpoint):
    bea, carl = await cast.chat(cast.bea, cast.carl)
    for size in (65_537, 300_000):
        if endpoint == "chat":
            client = await cast.chat(cast.ada)
        elif endpoint == "instructor":
            client = await cast.dashboard()
        else:
            client = await cast.connect("/ws/chat/")
        with case(size):
            await client.send(padded(size))
            assert await client.closed() in {1009, 1006}
            assert [one for one in client.unread() if "status" in one] == []
            for other in (bea, carl):
                await barrier(other, cast.room, bea, carl)
                assert other.unread() == []


async def test_a_message_in_many_frames_counts_as_one(cast):
    ada = await cast.chat(cast.ada)

    async def parts():
        for _ in range(9):
            yield " " * 8_192

    await ada.socket.send(parts())
    assert await ada.closed() in {1009, 1006}


async def test_invalid_utf8_ends_the_connection(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.socket.send(b"\xff\xfe", text=True)
    assert await ada.closed() in {1007, 1006}
    await bea.ask("ping")


# --- stale epochs --------------------------------------------------------------------------------


async def test_an_epoch_that_does_not_stand(cast):
    ines = await cast.dashboard()
    bea = await cast.chat(cast.bea)
    await ines.ask("start_question", question="force")
    await ines.control("enableVote")
    await bea.control("enableVote")
    given = itertools.product(
        ("stop_vote", "count_down_and_stop", "announce"), (0, 2, 99, 2**53 - 1)
    )
    for action, epoch in given:
        fields = {"text": "hello"} if action == "announce" else {}
        with case(action, epoch):
            assert await ines.fail(action, epoch=epoch, **fields) == {
                "error_code": "illegal_transition",
                "phase": "vote",
                "epoch": 1,
            }
            assert await ines.settled() == []
    await barrier(bea, cast.room)
    assert bea.unread() == []
    assert (await ines.ask("state"))["epoch"] == 1
    assert Message.objects.filter(room=cast.room, kind="control").count() == 1
    assert UseLog.objects.filter(course_id=cast.course.slug, event="peer").count() == 1


# --- anything ------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
PARSERS = {
    "chat": Parser(CHAT_COMMANDS),
    "dashboard": Parser(DASHBOARD_COMMANDS),
}
ACTIONS = st.sampled_from(
    sorted(str(kind.__struct_config__.tag) for kind in {*CHAT_COMMANDS, *DASHBOARD_COMMANDS})
)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@given(frame=st.text() | JSON.map(json.dumps))
@settings(max_examples=100, deadline=None)
def test_the_parser_answers_anything(parser, frame):
    _parsed_or_refused(parser, frame)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@given(
    fields=st.dictionaries(
        st.sampled_from(["room", "text", "rooms", "course", "seq", "limit", "epoch", "choice"])
        | st.text(max_size=5),
        JSON,
    ),
    action=ACTIONS,
    uuid=st.text(max_size=70),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_parser_answers_any_fields(parser, fields, action, uuid):
    _parsed_or_refused(parser, json.dumps({**fields, "uuid": uuid, "action": action}))


def _parsed_or_refused(parser, frame):
    try:
        parsed, refused = parser.parse(frame), None
    except PeerError as error:
        parsed, refused = None, error
    if parsed is not None:
        assert 1 <= len(parsed.uuid) <= 64
        assert "\x00" not in parsed.uuid
        return
    assert refused.code in {"invalid_json", "invalid_message_format", "unknown_action"}
    named = {key: refused.extra.get(key) for key in ("uuid", "action")}
    json.loads(events.refusal(**named, code=refused.code, message=refused.message))


# --- nobody else ---------------------------------------------------------------------------------


@pytest.mark.parametrize("worker", [0, 1])
async def test_bad_company_on_the_same_worker(cast, worker):
    """One socket after the other breaks every rule; the sockets beside it miss nothing."""
    bea, carl = await cast.chat(cast.bea, cast.carl, worker=worker)
    for frame in ("[" * 60_000, padded(70_000), b"\x00" * 1000, command() * 1000, "{}" * 10):
        ada = await cast.chat(cast.ada, worker=worker)
        await ada.send(frame)
        began = time.monotonic()
        await bea.ask("ping")
        assert time.monotonic() - began < patient(5)
    for number in range(5):
        await bea.ask("new_message", room=cast.room, text=f"text {number}")
    await carl.message("text 4")
    seqs = [one["message"]["seq"] for one in carl.unread()]
    assert seqs == [1, 2, 3, 4]
    await eventually(lambda: Message.objects.filter(room=cast.room).count() == 5)
