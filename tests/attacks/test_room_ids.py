"""Guesses: ids that might name a room of others, in every place that names a room."""

import itertools
import uuid
from urllib.parse import quote

import pytest

from rooms.models import Room
from tests.attacks.commands import CHAT, fields, names
from tests.attacks.web import api_routes, fingerprint, values
from tests.rooms.lesson import lead

NONE = str(uuid.UUID(int=0))


def guesses(room: str) -> dict[str, str]:
    """Return other ways to write the id of a room, and values that might be taken for one."""
    plain = room.replace("-", "")
    return {
        "itself": room,
        "upper case": room.upper(),
        "without hyphens": plain,
        "braces": f"{{{room}}}",
        "braces without hyphens": f"{{{plain}}}",
        "urn": f"urn:uuid:{room}",
        "hyphens elsewhere": f"{plain[:16]}-{plain[16:]}",
        "its number": str(uuid.UUID(room).int),
        "one": "1",
        "zero": "0",
        "minus one": "-1",
        "nothing": "",
        "blank": " ",
        "spaces around": f" {room} ",
        "line break": f"{room}\n",
        "full width": "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in room),
        "arabic digits": "".join(chr(ord(c) + 0x630) if c.isdigit() else c for c in room),
        "null": "null",
        "star": "*",
        "percent": "%",
        "any": "%%",
        "sql": "' OR '1'='1",
        "sql comment": f"{room}'--",
        "sql union": "1 UNION SELECT id FROM peerchat_rooms_room",
        "path": f"../{room}",
        "path within": f"x/../../{room}",
        "group": f"room.{room}",
        "course group": "course.1",
        "everyone": "everyone",
        "all zeros": NONE,
        "all ones": str(uuid.UUID(int=2**128 - 1)),
        "long": "0" * 10_000,
        "emoji": "\N{PILE OF POO}",
        "script": "<script>alert(1)</script>",
        "template": "{{7*7}}${7*7}",
    }


@pytest.fixture
async def theirs(cast):
    """Return rooms in which `carl` is not: one of partners, a direct one, another course's."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    # From the second vote on no student can join a group of partners any more.
    await lead(board, "revote", groups=True)
    state = await ada.ask("state", course=cast.course.slug)
    direct = (await bea.command("private_message", to=cast.ada.name, text="hello"))["room"]
    other = Room.objects.create(course=cast.other_course, kind="open", title="Elsewhere")
    return [
        state["room"],
        direct,
        str(other.id),
        str(Room.objects.get(course=cast.other_course, kind="course").id),
    ]


async def test_in_every_command(cast, theirs):
    """Guesses that have nothing of the room are made once for each command."""
    carl = await cast.chat(cast.carl)
    before, tried = fingerprint(cast), 0
    first, *others = (guesses(room) for room in theirs)
    made = [first, *({n: one for n, one in more.items() if one != first[n]} for more in others)]
    assert len(made[1]) > 10
    for action, kind in CHAT.items():
        for field in names(kind) & {"room", "rooms", "reply_to"}:
            for of_room in made:
                for name, guess in of_room.items():
                    value = {guess: 0} if field == "rooms" else guess
                    named = {"room": cast.room, "rooms": {}, field: value}
                    tried += 1
                    if action == "typing":
                        # `typing` is answered only once in three seconds: it is checked below.
                        await carl.post(action, **fields(kind, **named))
                        continue
                    frame = await carl.command(action, **fields(kind, **named))
                    code = frame.get("error_code")
                    if field == "rooms" and code is None:
                        assert frame["rooms"] == {guess: {"error_code": "invalid_room_id"}}, name
                    elif field == "reply_to" or len(guess) > 36:
                        assert code == "invalid_message_format", (action, name)
                    else:
                        assert code == "invalid_room_id", (action, name)
    assert tried > 700
    assert fingerprint(cast) == before
    left = await carl.settled()
    assert {frame["action"] for frame in left} == {"typing"}
    codes = {frame["error_code"] for frame in left}
    assert codes == {"invalid_room_id", "invalid_message_format"}


PARTS = 3


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, PARTS))]
)
async def test_in_every_address(cast, theirs, visit, part):
    """Each address gets a third of the guesses, and the next one the next third."""
    visitor, tried, turns = visit(), 0, itertools.count(part)
    before = fingerprint(cast)
    bodies = {"messages/": {"text": "hello"}, "read/": {"seq": 1}, "<str:room>/": {"topic": "x"}}
    for route in api_routes():
        if "room" not in route.names:
            continue
        ending = max((one for one in bodies if route.pattern.endswith(one)), key=len, default="")
        for method in sorted(route.methods):
            made = list(guesses(theirs[tried % len(theirs)]).items())
            for name, guess in made[next(turns) % PARTS :: PARTS]:
                path = route.path(values(cast, room=quote(guess, safe="")))
                body = bodies.get(ending, {}) if method in ("POST", "PATCH") else None
                answer = await visitor.send(method, path, body=body, token=cast.carl.token)
                # With a slash the guess makes another address, which does not exist either.
                expected = {(404, "invalid_room_id"), (404, "unknown_action")}
                if len(guess) > 36 or not guess:
                    expected |= {(400, "invalid_message_format"), (405, "unknown_action")}
                code = answer.body["error_code"]
                assert (answer.status, code) in expected, (method, route.pattern, name)
                tried += 1
    for name, guess in list(guesses(theirs[0]).items())[part::PARTS]:
        answer = await visitor.get(
            f"/api/search/?q=hello&room={quote(guess, safe='')}", token=cast.carl.token
        )
        assert answer.body.get("error_code") in (
            "invalid_room_id",
            "invalid_message_format",
        ), (name, answer.text)
    assert tried > 100
    assert fingerprint(cast) == before


async def test_other_ways_to_write_one_s_own_room_are_no_second_membership(cast):
    """A room has one name on the wire, however a command wrote it."""
    room = cast.open_room(cast.bea)
    carl = await cast.chat(cast.carl)
    for guess in (str(room.id).upper(), room.id.hex):
        assert await carl.ask("join_room", room=guess) == {"room": str(room.id)}
    assert (await carl.event("room_added"))["room"] == str(room.id)
    await carl.post("new_message", room=str(room.id).upper(), text="once")
    assert (await carl.message("once"))["room"] == str(room.id)
    assert await carl.settled() == []
    assert room.memberships.filter(user=cast.carl.user).count() == 1
