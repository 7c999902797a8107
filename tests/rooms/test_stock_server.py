"""The sockets under a server that offers nothing beyond ASGI, as a third process of the site."""

import json
import uuid

import pytest
from channels.testing import WebsocketCommunicator
from django.db import connections

from peerchat.asgi import application
from rooms.process import runtime
from tests.client import barrier
from tests.pace import patient
from tests.rooms.cast import online


@pytest.fixture
async def visit(cast):
    """A function that opens a chat socket in this process."""
    opened = []

    async def visit(person):
        communicator = WebsocketCommunicator(
            application,
            "/ws/chat/",
            headers=[
                (b"host", b"localhost"),
                (b"authorization", f"Bearer {person.token}".encode()),
            ],
        )
        accepted, _ = await communicator.connect(timeout=patient(10))
        assert accepted
        opened.append(communicator)
        welcome = await received(communicator)
        assert (welcome["action"], welcome["user"]) == ("welcome", person.body)
        await online(welcome["conn_id"])
        return communicator

    yield visit
    for communicator in opened:
        await communicator.disconnect(timeout=patient(10))
    await runtime.stop()
    connections.close_all()


async def received(communicator, *, but=("presence",)):
    """The next frame that does not come by itself."""
    while True:
        frame = json.loads(await communicator.receive_from(timeout=patient(10)))
        if frame["action"] not in but:
            return frame


async def send(communicator, action, **fields):
    frame = {"uuid": uuid.uuid4().hex, "action": action, **fields}
    await communicator.send_to(text_data=json.dumps(frame))


async def test_messages_go_between_the_servers(cast, visit):
    bea, carl = await cast.chat(cast.bea, cast.carl)
    ada = await visit(cast.ada)
    await send(ada, "new_message", room=cast.room, text="from the stock server")
    reply = await received(ada)
    assert (reply["status"], reply["message"]["seq"]) == ("success", 1)
    for client in (bea, carl):
        assert await client.message("from the stock server") == reply
    await bea.ask("new_message", room=cast.room, text="from the pool")
    assert await received(ada) == await carl.message("from the pool")


async def test_two_sockets_of_one_process(cast, visit):
    ada, bea = [await visit(person) for person in (cast.ada, cast.bea)]
    for number in range(5):
        await send(ada, "new_message", room=cast.room, text=f"text {number}")
    mine = [await received(ada) for _ in range(5)]
    assert [one["message"]["seq"] for one in mine] == [1, 2, 3, 4, 5]
    assert [await received(bea) for _ in range(5)] == mine


async def test_a_class_runs(cast, visit):
    ada = await visit(cast.ada)
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    assert (await received(ada))["action"] == "new_message"
    assert (await received(ada))["message"] == "enableVote"
    await send(ada, "vote", course=cast.course.slug, choice="A")
    assert (await received(ada, but=("presence", "voted")))["status"] == "success"
    await ines.event("figures", votes=[1, 0])


async def test_malformed_frames_close_it(cast, visit):
    ada = await visit(cast.ada)
    bea = await cast.chat(cast.bea)
    for _ in range(10):
        await ada.send_to(bytes_data=b"binary")
    for _ in range(10):
        assert (await received(ada))["error_code"] == "invalid_message_format"
    assert await ada.receive_output(timeout=patient(10)) == {
        "type": "websocket.close",
        "code": 4400,
    }
    await barrier(bea, cast.room)


async def test_stopping_closes_the_sockets_with_4503(cast, visit):
    ada = await visit(cast.ada)
    await runtime.stop()
    while (message := await ada.receive_output(timeout=patient(10)))["type"] != "websocket.close":
        pass
    assert message["code"] == 4503
