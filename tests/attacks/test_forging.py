"""Attempts to write in another's name, or under the uuid of another's message."""

import itertools
import json
import uuid

import pytest
from websockets.asyncio.server import serve

from peerchat.client import Client
from rooms.models import ClassSession, Message, Room, Vote
from tests.attacks.commands import CHAT, CONTROL, fields, names
from tests.attacks.web import EVERYBODY, api_routes, fingerprint, values
from tests.client import barrier
from tests.rooms.cast import body
from tests.rooms.lesson import lead

# Fields that a server might take for the sender, the time or the kind of a message.
FORGED = {
    "from": "{bea}",
    "from_": "{bea}",
    "sender": "{bea}",
    "user": {"username": "{bea}", "display_name": "Bea"},
    "user_id": 1,
    "username": "{bea}",
    "sid": "{bea}",
    "display_name": "Bea",
    "author": "{bea}",
    "timestamp": 0.0,
    "time": 0,
    "created_at": "2020-01-01",
    "id": "00000000-0000-0000-0000-000000000000",
    "seq": 1,
    "kind": "system",
    "status": "success",
    "message": {"text": "hello"},
    "role": "instructor",
    "conn_id": "x",
    "token": "x",
    "__class__": "x",
}


def forged(cast):
    for name, value in FORGED.items():
        as_bea = json.dumps(value).replace("{bea}", cast.bea.name)
        yield name, json.loads(as_bea)


async def test_every_command_takes_what_is_in_it_and_no_more(cast):
    """The test adds each forged field to each command of both sockets."""
    ada, board = await cast.chat(cast.ada), await cast.dashboard(cast.tess)
    given = {
        "room": cast.room,
        "rooms": {cast.room: 0},
        "course": cast.course.slug,
        "topic": f"{cast.course.slug}/a",
        "to": cast.carl.name,
        "username": cast.carl.name,
        "token": cast.ada.token,
    }
    before = fingerprint(cast)
    for client, kinds in ((ada, CHAT), (board, CONTROL)):
        for action, kind in kinds.items():
            for name, value in forged(cast):
                if name in names(kind):
                    continue
                reply = await client.command(action, **{**fields(kind, **given), name: value})
                assert reply.get("error_code") == "invalid_message_format", (action, name)
                assert f"`{name}`" in reply["error_message"], (action, name)
    assert fingerprint(cast) == before


PARTS = 5


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, PARTS))]
)
async def test_every_body_takes_what_is_in_it_and_no_more(cast, visit, part):
    """No address that takes a body over HTTP lets the body name the sender.

    Each address gets a fifth of the forged fields, and the next one the next fifth.
    """
    await lead(await cast.dashboard(), "vote")
    known = values(cast, room=str(cast.open_room(cast.ada).id), username=cast.carl.name)
    bodies = {
        "vote/": {"choice": "A"},
        "draft/": {"question": "force", "round": 1, "choice": "A"},
        "convinced/": {"question": "force", "by": "thought"},
        "place/": {"place": "hall"},
        "sharing/": {"shared": True},
        "control/": {"action": "stop_vote"},
        "rooms/": {"course": cast.course.slug, "title": "A room"},
        "read/": {"seq": 1},
        "messages/": {"text": "hello"},
        "peer/messages/": {
            "type": "text",
            "message": "hello",
            "course_name": cast.course.slug,
            "div_id": "",
        },
        "mutes/": {"username": cast.carl.name, "seconds": 60},
        "flags/": {"message": str(uuid.uuid4())},
        "flag/": {"flagged": True},
        "<str:room>/": {"topic": "A topic"},
        "courses/": {"title": "A course"},
        "<slug:slug>/": {"title": "A title"},
        "copy/": {"title": "A copy"},
        "leaders/": {"person": cast.carl.name, "role": "assistant"},
        "leaders/<path:username>/": {"role": "assistant"},
        "hand-over/": {"person": cast.carl.name},
        "joining/": {"open": True},
        "api/join/": {"code": "ABCDEF"},
        "merges/": {"username": cast.carl.name, "into": cast.bea.name},
        "roster/": {"text": "eve@example.org"},
        "class-settings/": {"confidence": "off"},
        "pairing-rules/": {"kind": "never", "students": [cast.ada.name, cast.bea.name]},
        "fixed-groups/": {"text": f"group;username\nA;{cast.ada.name}\nA;{cast.bea.name}"},
        "questions/": {"prompt": "Why?"},
        "questions/order/": {"questions": ["work", "force"]},
        "questions/copy/": {"questions": ["work"], "course": cast.course.slug},
        "questions/preview/": {"prompt": "Why?"},
        "<slug:question>/": {"prompt": "Why?", "edit": 0},
        "import/": {"text": "Is it so?\nA. Yes\nB. No\nANSWER: A"},
        "setup/": {"shows_partners": True},
        "link/": {"days": 1},
        "blocks/": {"username": cast.carl.name},
        "consents/": {"purpose": "research", "given": True},
        "reports/": {"username": cast.carl.name, "reason": "spam"},
        "marks/rules/": {"first_vote": 1},
        "releases/": {"uuid": str(uuid.uuid4()), "question": "force"},
        "releases/<int:release>/": {"withdrawn": True},
        "reminders/": {"wanted": False},
        "first/": {"choice": "A"},
        "second/": {"choice": "A"},
        "outside/<int:release>/convinced/": {"convinced": "thought"},
    }
    before, visitor, turns = fingerprint(cast), visit(), itertools.count()
    tried = 0
    for route in api_routes():
        for method in route.methods & {"POST", "PATCH", "PUT"}:
            ending = max(
                (one for one in bodies if route.pattern.endswith(one)), key=len, default=""
            )
            # Nothing is read from the bodies of these.
            none = ("bookmarks/<slug:question>/", "outside/<int:release>/", "partner/")
            if route.pattern.endswith(none):
                continue
            if not ending:
                # These requests have no JSON in their body, and one for a token has no user yet.
                bare = ("join/", "leave/", "keep/", "try/", "tokens/", "pictures/", "restore/")
                assert route.pattern.endswith(bare), route.pattern
                continue
            who = cast.tess if ending in ("control/", "mutes/") else cast.ada
            first = (part + next(turns)) % PARTS
            for name, value in list(forged(cast))[first::PARTS]:
                if name in bodies[ending] or (ending, name) == ("peer/messages/", "time"):
                    continue
                sent = {**bodies[ending], name: value}
                path = route.path(known)
                answer = await visitor.send(method, path, body=sent, token=who.token)
                code = answer.body["error_code"]
                if (ending, name) == ("peer/messages/", "from"):
                    assert (answer.status, code) == (403, "permission_denied")
                else:
                    assert (answer.status, code) == (400, "invalid_message_format"), (path, name)
                tried += 1
    assert tried > 150
    assert fingerprint(cast) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Remote-User": "{bea}"},
        {"X-Remote-User": "{bea}"},
        {"X-Forwarded-User": "{bea}"},
        {"X-User": "{bea}"},
        {"REMOTE_USER": "{bea}"},
        {"Authorization": "Basic {bea}"},
        {"Cookie": "user={bea}; username={bea}; _auth_user_id={bea}"},
    ],
)
async def test_no_header_names_who_somebody_is(cast, visit, headers):
    headers = {name: value.format(bea=cast.bea.name) for name, value in headers.items()}
    path, sent = f"/api/rooms/{cast.room}/messages/", {"text": "hello"}
    answer = await visit().send(
        "POST", path, body=sent, headers=headers, csrf="Cookie" not in headers
    )
    assert (answer.status, answer.body["error_code"]) == (401, "authentication_required")
    for query in (f"user={cast.bea.name}", f"token={cast.bea.token}", f"from={cast.bea.name}"):
        answer = await visit().send("POST", f"{path}?{query}", body=sent, headers=headers)
        assert answer.status == 401
    if "Authorization" not in headers:
        answer = await visit().send("POST", path, body=sent, headers=headers, token=cast.ada.token)
        assert answer.body["user"] == cast.ada.body
    client = await cast.connect("/ws/chat/", headers=headers)
    assert await client.fail("list_rooms") == {"error_code": "authentication_required"}


async def test_the_sender_and_the_time_come_from_the_server(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    text = f'{{"user": {{"username": "{cast.bea.name}"}}}}\n{cast.bea.name}: hello'
    await ada.post("new_message", room=cast.room, text=text)
    for client in (ada, bea):
        message = (await client.message(text))["message"]
        assert message["user"] == cast.ada.body
        assert message == body(Message.objects.get(id=message["id"]))
    await ada.post("typing", room=cast.room)
    assert (await bea.event("typing"))["user"] == cast.ada.body
    await bea.ask("subscribe", topic=f"{cast.course.slug}/a")
    data = {"from": cast.bea.name, "conn_id": "x"}
    await ada.ask("publish", topic=f"{cast.course.slug}/a", data=data)
    event = await bea.event("topic_message")
    assert (event["from"], event["data"]) == (cast.ada.name, data)


def answers(frame, name, person):
    """Return whether the frame answers the person's message: another's may have the same uuid."""
    if frame.get("uuid") != name:
        return False
    return frame["status"] == "error" or frame["message"]["user"] == person.body


@pytest.mark.parametrize("way", ["socket", "http"])
@pytest.mark.parametrize("text", ["the same text", "another text"])
async def test_the_uuid_of_another_s_message(cast, visit, way, text):
    """The uuid of another's message neither gives access to it nor changes it, in any room."""
    ours = str(cast.open_room(cast.ada, cast.bea).id)
    ada, bea, carl = await cast.chat(cast.ada, cast.bea, cast.carl)
    name = uuid.uuid4().hex
    await ada.post("new_message", room=ours, text="the same text", uuid=name)
    first = (await ada.message("the same text"))["message"]
    await bea.message("the same text")

    async def send(person, client, room):
        if way == "socket":
            client.forget()
            await client.post("new_message", room=room, text=text, uuid=name)
            reply = await client.take(lambda frame: answers(frame, name, person), "a reply")
            return reply.get("error_code"), reply.get("message")
        path, sent = f"/api/rooms/{room}/messages/", {"text": text, "uuid": name}
        answer = await visit().send("POST", path, body=sent, token=person.token)
        return answer.body.get("error_code"), answer.body if answer.status == 201 else None

    code, message = await send(cast.bea, bea, ours)
    assert code is None
    assert message["id"] != first["id"]
    assert (message["user"], message["text"]) == (cast.bea.body, text)
    code, message = await send(cast.bea, bea, cast.room)
    assert (code, message["user"]) == (None, cast.bea.body)
    # A person who is not in the room does not learn whether the uuid exists there.
    assert await send(cast.carl, carl, ours) == ("invalid_room_id", None)
    assert (await carl.fail("new_message", room=ours, text=text)) == {
        "error_code": "invalid_room_id"
    }
    assert (await send(cast.carl, carl, cast.room))[1]["user"] == cast.carl.body
    # The first message is unchanged, and its sender still gets it under its uuid.
    stored = Message.objects.get(id=first["id"])
    assert (body(stored), stored.uuid) == (first, name)
    ada.forget()
    await ada.post("new_message", room=ours, text="the same text", uuid=name)
    again = await ada.take(lambda frame: answers(frame, name, cast.ada), "a reply")
    assert again["message"] == first
    assert Message.objects.filter(room__course=cast.course, uuid=name).count() == 4


async def test_the_uuid_of_another_s_private_message(cast, visit):
    ada, bea, carl = await cast.chat(cast.ada, cast.bea, cast.carl)
    name = uuid.uuid4().hex
    sent = await ada.command("private_message", to=cast.bea.name, text="between us", uuid=name)
    mine = await carl.command("private_message", to=cast.bea.name, text="between us", uuid=name)
    assert mine["message"]["user"] == cast.carl.body
    assert mine["room"] != sent["room"]
    path = f"/api/direct/{cast.ada.name}/messages/"
    answer = await visit().send(
        "POST", path, body={"text": "mine", "uuid": name}, token=cast.bea.token
    )
    assert (answer.status, answer.body["user"]) == (201, cast.bea.body)
    assert answer.body["room"] == sent["room"]
    assert Message.objects.get(id=sent["message"]["id"]).text == "between us"
    await bea.settled()


async def test_the_uuid_of_an_instructor_s_command(cast, visit):
    """Sending the uuid again does nothing for its sender, and gives nobody else any right."""
    ines, tess, ada = (
        await cast.dashboard(),
        await cast.dashboard(cast.tess),
        await cast.chat(cast.ada),
    )
    name = uuid.uuid4().hex
    first = await ines.ask("start_question", question="force", uuid=name)
    # A student sees the uuid of the transition's message, but not that of the command.
    event = await ada.event("new_message")
    assert event["uuid"] != name
    for known in (name, event["uuid"]):
        refusal = await ada.fail("start_question", question="work", uuid=known)
        assert refusal == {"error_code": "unknown_action"}
        answer = await visit().send(
            "POST",
            f"/api/courses/{cast.course.slug}/control/",
            body={"action": "stop_vote", "uuid": known},
            token=cast.ada.token,
        )
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
    # The same uuid from a colleague is a command of its own, which the phase refuses.
    refusal = await tess.fail("start_question", question="work", uuid=name)
    assert refusal["error_code"] == "illegal_transition"
    assert (await ines.ask("start_question", question="force", uuid=name)) == first
    session = ClassSession.objects.get(course=cast.course)
    assert (session.phase, session.epoch) == ("vote", 1)


async def test_nobody_votes_for_another(cast, visit):
    await lead(await cast.dashboard(), "vote")
    ada, bea = await cast.chat(cast.ada, cast.bea)
    name = uuid.uuid4().hex
    await ada.ask("vote", course=cast.course.slug, choice="A", uuid=name)
    # With the same uuid another student casts a vote of their own.
    await bea.ask("vote", course=cast.course.slug, choice="B", uuid=name)
    path = f"/api/courses/{cast.course.slug}/vote/"
    sent = {"choice": "C", "uuid": name}
    assert (await visit().send("POST", path, body=sent, token=cast.carl.token)).status == 200
    votes = Vote.objects.filter(round__session__course=cast.course)
    assert dict(votes.values_list("user__username", "choice")) == {
        cast.ada.name: "A",
        cast.bea.name: "B",
        cast.carl.name: "C",
    }


async def test_a_socket_stays_its_user_s(cast):
    """Neither a second log-in nor another's token changes the user of a socket."""
    ada = await cast.chat(cast.ada)
    for person in map(cast.person, EVERYBODY[1:]):
        refusal = await ada.fail("authenticate", token=person.token)
        assert refusal == {"error_code": "permission_denied"}
    bea = await cast.chat(cast.bea)
    await barrier(ada, cast.room, bea)
    room = Room.objects.get(id=cast.room)
    assert {one.sender for one in room.messages.all()} == {cast.ada.user}


async def test_the_client_takes_no_message_of_another_for_its_reply():
    """Anybody who sees a uuid can send a message of their own under it before the reply comes."""

    def message(username):
        return {
            "id": str(uuid.uuid4()),
            "seq": 1,
            "room": "r",
            "user": {"username": username, "display_name": username},
            "timestamp": 1.0,
            "text": "hello",
            "kind": "text",
        }

    async def site(socket):
        welcome = {"action": "welcome", "conn_id": "1", "user": message("ada")["user"]}
        await socket.send(json.dumps({**welcome, "courses": [], "limits": {}, "server_time": 0}))
        async for text in socket:
            sent = json.loads(text)
            if sent["action"] == "list_rooms":
                await socket.send(json.dumps({**sent, "status": "success", "rooms": []}))
                continue
            for username in ("bea", "ada"):
                reply = {"uuid": sent["uuid"], "action": "new_message", "status": "success"}
                reply |= {"room": "r", "message": message(username)}
                await socket.send(json.dumps(reply))

    async with serve(site, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with Client(f"http://127.0.0.1:{port}", "pc_any") as client:
            assert (await client.send("r", "hello")).user.username == "ada"
