"""The replies as types: each command has one, and the frame is that of the contract."""

from typing import get_type_hints

import msgspec
import pytest

from rooms import commands
from rooms.wire import replies
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS, Authenticate, StopVote, Typing
from rooms.wire.events import Event
from rooms.wire.figures import FiguresBody
from rooms.wire.replies import REPLIES

HANDLERS = {**commands.CHAT, **commands.DASHBOARD}


def test_every_command_has_a_reply():
    assert set(REPLIES) == {*CHAT_COMMANDS, *DASHBOARD_COMMANDS} - {Typing}
    # The consumer carries out `authenticate` itself.
    assert {*HANDLERS, Authenticate} == {*CHAT_COMMANDS, *DASHBOARD_COMMANDS}


@pytest.mark.parametrize("command", HANDLERS, ids=lambda command: command.__name__)
def test_every_handler_returns_the_reply_of_its_command(command):
    kind = REPLIES.get(command, Event)
    # An event comes to the sender as it does to everybody else.
    expected = type(None) if issubclass(kind, Event) else kind
    handlers = [table[command] for table in (commands.CHAT, commands.DASHBOARD) if command in table]
    assert {get_type_hints(handler)["return"] for handler in handlers} == {expected}


@pytest.mark.parametrize(
    ("reply", "fields"),
    [
        (replies.Sent(), {}),
        (replies.Pong(time=1.5), {"time": 1.5}),
        (replies.Moved.to("vote", 2, None), {"phase": "vote", "epoch": 2}),
        (replies.Moved.to("vote", 2, 0), {"phase": "vote", "epoch": 2, "groups": 0}),
        (
            replies.Resumed(
                rooms={
                    "a": replies.Missed(messages=[], last_seq=7),
                    "b": replies.Missed(messages=[], last_seq=0, reset=True),
                    "c": replies.Missed(error_code="invalid_room_id"),
                }
            ),
            {
                "rooms": {
                    "a": {"messages": [], "last_seq": 7},
                    "b": {"messages": [], "last_seq": 0, "reset": True},
                    "c": {"error_code": "invalid_room_id"},
                }
            },
        ),
        (
            FiguresBody(1, [1, 0], [{"A": 1}, {}], 0, 0, 0, None, None, "A"),
            {
                "online": 1,
                "votes": [1, 0],
                "histograms": [{"A": 1}, {}],
                "groups": 0,
                "silent_groups": 0,
                "messages": 0,
                "transitions": None,
                "gain": None,
                "correct": "A",
                "may_set_correct": False,
                "bars": False,
                "kind": None,
                "right": [],
            },
        ),
    ],
    ids=["no fields", "one", "left out", "zero", "within", "null"],
)
def test_the_frame_of_a_reply(reply, fields):
    command = StopVote(uuid='"{},')
    head = {"uuid": '"{},', "action": "stop_vote", "status": "success"}
    assert replies.encode(command, reply) == msgspec.json.encode({**head, **fields})


@pytest.mark.parametrize("kind", dict.fromkeys(REPLIES.values()))
def test_an_undeclared_field_fails_when_it_is_built(kind):
    fields = dict.fromkeys(kind.__struct_fields__)
    kind(**fields)
    with pytest.raises(TypeError):
        kind(**fields, undeclared=1)
