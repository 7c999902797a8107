"""The Python client, and the one for a terminal, at a running site."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from accounts import tokens
from accounts.models import Token
from peerchat.client import (
    Client,
    Closed,
    ClosingEvent,
    CommandRefused,
    ControlEvent,
    Denied,
    DirectData,
    DraftedEvent,
    NewMessageEvent,
    PartnersEvent,
    Reset,
    Resumed,
    RoomAdded,
    TopicMessage,
    Unreachable,
    VotedEvent,
)
from peerchat.client.answers import Answer, as_sent
from rooms.actions.enrollment import enroll
from rooms.models import Message, Vote
from tests.desk import WITHIN, Desk, until
from tests.e2e.proxy import Proxy
from tests.rooms.cast import Cast, Person, eventually, in_thread, store
from tests.rooms.kinds import ask_all
from tests.servers import ROOT

DOCUMENT = (ROOT / "docs" / "client.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


class Listener:
    """A client of a person, with the events that it has heard."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.events: list[Any] = []
        self.error: BaseException | None = None
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async for event in self.client.listen():
                self.events.append(event)
        except Closed as error:
            self.error = error

    async def hears(self, condition: Callable[[Any], bool]) -> Any:
        return await until(lambda: next((e for e in self.events if condition(e)), None))

    def messages(self, room: str, kind: str = "text") -> list[tuple[int, str]]:
        return [
            (event.message.seq, event.message.text)
            for event in self.events
            if isinstance(event, NewMessageEvent)
            and event.room == room
            and event.message.kind == kind
        ]

    async def close(self) -> None:
        await self.client.close()
        await self._task


@pytest.fixture
async def listen(cast: Cast) -> AsyncIterator[Callable[..., Any]]:
    async with contextlib.AsyncExitStack() as exits:

        async def start(person: Person, url: str = "") -> Listener:
            client = Client(url or cast.hall.site.origin, person.token)
            await client.open()
            listener = Listener(client)
            exits.push_async_callback(listener.close)
            return listener

        yield start


async def test_rooms_and_messages(cast: Cast, listen: Any) -> None:
    ada, bea = await listen(cast.ada), await listen(cast.bea)
    assert ada.client.user == bea.client.user.__class__(**cast.ada.body)
    assert [course.course for course in ada.client.courses] == [cast.course.slug]
    stored = await ada.client.send(cast.room, "\nHello ")
    assert (stored.seq, stored.text, stored.user.username) == (1, "Hello", cast.ada.name)
    answer = await bea.client.send(cast.room, "Hi", reply_to=stored.id)
    assert answer.reply_to == stored.id
    await until(lambda: ada.messages(cast.room) == [(1, "Hello"), (2, "Hi")])
    await until(lambda: bea.messages(cast.room) == [(1, "Hello"), (2, "Hi")])
    assert await ada.client.messages(cast.room, limit=1) == [answer]
    assert await ada.client.messages(cast.room, before=2) == [stored]
    people = {user["username"] for user in await ada.client.users(cast.room)}
    assert people == {one.name for one in (cast.ada, cast.bea, cast.carl, cast.tess, cast.ines)}


async def test_open_rooms(cast: Cast, listen: Any) -> None:
    room = str(cast.open_room().id)
    ada = await listen(cast.ada)
    assert room in [info.room for info in await ada.client.list_rooms()]
    await ada.client.join(room)
    await ada.hears(lambda event: isinstance(event, RoomAdded) and event.room == room)
    assert (await ada.client.send(room, "In here")).seq == 1
    await ada.client.leave(room)
    with pytest.raises(CommandRefused) as refused:
        await ada.client.send(room, "Out there")
    assert refused.value.code == "invalid_room_id"


async def test_private_messages(cast: Cast, listen: Any) -> None:
    ada, bea, carl = await listen(cast.ada), await listen(cast.bea), await listen(cast.carl)
    stored = await ada.client.private_message(cast.bea.name, "Between us")
    await bea.hears(lambda event: isinstance(event, NewMessageEvent) and event.message == stored)
    await carl.client.list_rooms()
    assert carl.messages(stored.room) == []
    with pytest.raises(CommandRefused) as refused:
        await ada.client.private_message(cast.zoe.name, "To a stranger")
    assert refused.value.code == "permission_denied"


async def test_a_lost_connection_is_made_up_for(cast: Cast, listen: Any) -> None:
    async with Proxy(cast.hall.site.url) as proxy:
        ada = await listen(cast.ada, proxy.url)
        bea = await listen(cast.bea)
        await bea.client.send(cast.room, "1")
        await until(lambda: len(ada.messages(cast.room)) == 1)
        await proxy.cut()
        meanwhile = asyncio.create_task(ada.client.send(cast.room, "from the dark"))
        second = asyncio.create_task(ada.client.send(cast.room, "and again"))
        for text in "234":
            await bea.client.send(cast.room, text)
        private = await bea.client.private_message(cast.ada.name, "Where are you?")
        assert not meanwhile.done()
        await proxy.restore()
        first, last = await meanwhile, await second
        assert (first.seq, last.seq) == (5, 6)
        texts = ["1", "2", "3", "4", "from the dark", "and again"]
        await until(lambda: ada.messages(cast.room) == list(enumerate(texts, start=1)))
        # The user was put into this room while the client was disconnected.
        assert ada.messages(private.room) == [(1, "Where are you?")]
        assert sum(isinstance(event, Resumed) for event in ada.events) == 1
    assert Message.objects.filter(room__id=cast.room).count() == 6


async def test_much_that_was_missed_resets_the_room(cast: Cast, listen: Any) -> None:
    async with Proxy(cast.hall.site.url) as proxy:
        ada = await listen(cast.ada, proxy.url)
        await ada.client.send(cast.room, "first")
        await proxy.cut()
        store(cast.room, cast.bea, *(str(number) for number in range(2, 602)))
        await proxy.restore()
        await ada.hears(lambda event: isinstance(event, Reset) and event.room == cast.room)
        await until(lambda: ada.messages(cast.room)[-1][0] == 601)
        seqs = [seq for seq, _ in ada.messages(cast.room)]
        assert seqs == [1, *range(502, 602)]


async def test_a_class(cast: Cast, listen: Any) -> None:
    course = cast.course.slug
    ines, ada, bea = await listen(cast.ines), await listen(cast.ada), await listen(cast.bea)
    started = await ines.client.control(course, "start_question", question="force")
    assert started == {"phase": "vote", "epoch": 1}
    assert await ada.client.vote(course, "A", confidence=2, rationale="Because.") == 1
    assert await bea.client.vote(course, "B") == 1
    assert Vote.objects.get(user=cast.ada.user).rationale == "Because."
    await ines.client.control(course, "stop_vote")
    with pytest.raises(CommandRefused) as refused:
        await ada.client.vote(course, "B")
    assert refused.value.code == "round_closed"
    made = await ines.client.control(course, "make_partners")
    assert made["groups"] == 1
    await ines.client.control(course, "enable_chat")
    event = await ada.hears(lambda event: isinstance(event, PartnersEvent))
    assert [partner.username for partner in event.partners] == [cast.bea.name]
    await ada.client.send(event.room, "Why B?")
    await until(lambda: bea.messages(event.room) == [(1, "Why B?")])
    assert (await ines.client.figures(course))["messages"] == 1
    await ines.client.control(course, "start_revote")
    assert await ada.client.vote(course, "B") == 2
    voted = await ada.hears(lambda event: isinstance(event, VotedEvent) and event.round == 2)
    assert await bea.client.draft(course, "C", question="force", round=2, rationale="Or so.")
    drafted = await bea.hears(lambda event: isinstance(event, DraftedEvent))
    assert (drafted.draft.choice, drafted.draft.rationale) == ("C", "Or so.")
    assert not await ada.client.draft(course, "C", question="force", round=2)
    known = voted.vote.cast_at
    assert await ada.client.draft(course, "D", question="force", round=2, after=known)
    await ines.client.control(course, "stop_vote")
    closing = await bea.hears(lambda event: isinstance(event, ClosingEvent) and event.round == 2)
    assert closing.deadline >= closing.server_time
    for student, choice in ((ada, "D"), (bea, "C")):
        votes = (await student.client.state(course))["votes"]
        assert votes[1]["choice"] == choice
    await ines.client.control(course, "reveal")
    revealed = await ada.hears(
        lambda event: isinstance(event, ControlEvent) and event.phase == "revealed"
    )
    assert revealed.correct == (await ada.client.state(course))["correct"]
    with pytest.raises(Denied):
        await ada.client.control(course, "next_question")


async def test_topics_survive_a_reconnection(cast: Cast, listen: Any) -> None:
    topic = f"{cast.course.slug}/board/left"
    async with Proxy(cast.hall.site.url) as proxy:
        ada, bea = await listen(cast.ada, proxy.url), await listen(cast.bea)
        await ada.client.subscribe(f"{cast.course.slug}/board/+")
        await proxy.cut()
        await proxy.restore()
        await ada.hears(lambda event: isinstance(event, Resumed))
        await ada.client.list_rooms()
        await bea.client.publish(topic, {"draw": [1, 2]})
        event = await ada.hears(lambda event: isinstance(event, TopicMessage))
        assert (event.topic, event.data) == (topic, {"draw": [1, 2]})
        await bea.client.send_to(ada.client.conn_id, "for you")
        direct = await ada.hears(lambda event: isinstance(event, DirectData))
        assert (direct.data, direct.conn_id) == ("for you", bea.client.conn_id)


async def test_a_revoked_token_ends_the_client(cast: Cast, listen: Any) -> None:
    ada = await listen(cast.ada)
    token = Token.objects.get(digest=tokens.digest(cast.ada.token))
    await in_thread(tokens.revoke, token)
    error = await until(lambda: ada.error)
    assert isinstance(error, Closed)
    assert error.code == 4401
    with pytest.raises(Closed):
        await ada.client.list_rooms()


async def test_who_is_not_let_in(cast: Cast) -> None:
    with pytest.raises(Denied):
        await Client(cast.hall.site.url, "pc_wrong").open()
    with pytest.raises(Denied):
        await Client.log_in(cast.hall.site.url, cast.ada.name, "wrong")
    with pytest.raises(Unreachable):
        await Client("http://127.0.0.1:9", "pc_any").open()
    with pytest.raises(ValueError, match="URL"):
        Client("file:///etc/passwd", "pc_any")


async def test_logging_in(cast: Cast) -> None:
    cast.ada.user.set_password("a secret of hers")
    cast.ada.user.save()
    client = await Client.log_in(cast.hall.site.url, cast.ada.name, "a secret of hers")
    async with client:
        assert client.user is not None
        assert client.user.username == cast.ada.name


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_the_examples_of_the_document(cast: Cast, number: int) -> None:
    assert len(EXAMPLES) == 3
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", EXAMPLES[number]),
        cwd=ROOT,
        env={
            **os.environ,
            "URL": cast.hall.site.origin,
            "TOKEN": cast.ada.token,
            "INSTRUCTOR_TOKEN": cast.ines.token,
            "QUESTION": "force",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN):
        output, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    shown = (
        f"{cast.ada.user.shown_name} says Hello, everybody",
        "The answer is ",
        f"{cast.course.slug}/board/left {{'draw': [1, 2, 3]}}",
    )
    assert shown[number] in output.decode()


async def test_people_at_terminals_chat_and_an_instructor_leads_them(cast: Cast) -> None:
    ada = await Desk.sit(cast.hall.site.origin, cast.ada.token, terminal=True)
    ines = await Desk.sit(cast.hall.site.origin, cast.ines.token, terminal=False)
    bea = await cast.chat(cast.bea)
    for desk in (ada, ines):
        await desk.shows("You are in Physics.")
        await desk.shows("No question is open.")
    ada.type("Hello from a terminal")
    await ines.shows(f"{cast.ada.user.shown_name}: Hello from a terminal")
    ines.type("Good morning")
    await ada.shows(f"{cast.ines.user.shown_name}: Good morning")
    ines.type("/start force")
    await ada.shows("Voting is open.")
    ada.type("/vote a 3")
    await ada.shows("Your vote in round 1: A.")
    said = {"choice": "B", "confidence": 4, "rationale": "Up is up"}
    await bea.ask("vote", course=cast.course.slug, **said)
    ines.type("/stop")
    await ada.shows("Voting is closed.")
    ines.type("/partners")
    await ines.shows("1 groups formed.")
    ada.type("/share yes")
    await ada.shows("Others may see your reasons without your name.")
    ada.type("/place hall")
    await ada.shows("This course does not ask where you are.")
    ines.type("/discuss")
    await ada.shows(f"Your partners in group 1: {cast.bea.user.shown_name} (chose B)")
    await ada.shows(f"{cast.bea.user.shown_name}: 4 of 5 sure; Up is up")
    ada.type("Why B?")
    event = await bea.take(
        lambda frame: frame.get("action") == "new_message" and frame["message"]["text"] == "Why B?",
        "the partner's message",
    )
    assert event["message"]["user"] == cast.ada.body
    ines.type("/announce Two more minutes")
    await ada.shows("*** Two more minutes ***")
    ines.type("/reveal")
    await ines.shows("reveal is not possible in the phase discuss")
    ines.type("/nonsense")
    await ines.shows("Unknown command /nonsense.")
    ines.type("/start")
    await ines.shows("Usage: /start")
    ines.type("/figures")
    await ines.shows("1 groups, 0 silent")
    for line in ("/revote", "/stop", "/next", "/quick 3"):
        ines.type(line)
    await ada.shows("  A  B  C")
    for line in ("/stop", "/reveal"):
        ines.type(line)
    await ada.shows("No right answer is marked.")
    ines.type("/correct b")
    await ada.shows("Correct answer: B.")
    await questions_of_other_kinds(cast, ada, ines)
    assert await ada.leave() == 0
    assert await ines.leave() == 0


async def questions_of_other_kinds(cast: Cast, ada: Desk, ines: Desk) -> None:
    ask_all(cast.course)
    ines.type("/start several")
    await ada.shows("(Several may be right: /vote AC)")
    ada.type("/vote db 5")
    await ada.shows("Your vote in round 1: DB.")
    for line in ("/stop", "/reveal"):
        ines.type(line)
    await ada.shows("Correct answer: BD.")
    await ada.shows("B: SECRET feedback on B")
    await ada.shows("SECRET *why*")
    ines.type("/start number")
    await ada.shows("(A number in m/s²: /vote 9.81)")
    ada.type('/vote "98,1 m/s²"')
    await ada.shows("Your vote in round 1: 98,1 m/s².")
    for line in ("/stop", "/reveal"):
        ines.type(line)
    await ada.shows("Correct answer: 98.125 \u00b1 0.25 m/s².")
    await ada.shows("Votes of round 1: 98.1: 1")
    ines.type("/start text")
    await ada.shows("(A short text: /vote")
    ada.type('/vote "The nucleus"')
    await ada.shows("Your vote in round 1: The nucleus.")
    ines.type("/stop")
    ines.type('/correct "the nucleus" mitochondria')
    await ines.shows("Right: the nucleus, mitochondria.")
    ines.type("/reveal")
    await ada.shows("Correct answer: The nucleus.")


def test_answers_as_programs_write_them() -> None:
    given: list[Answer] = ["B", ["A", "C"], 9.81, 5, "a text"]
    assert [as_sent(answer) for answer in given] == ["B", "AC", "9.81", "5", "a text"]


async def test_text_of_others_does_not_take_over_the_terminal(cast: Cast) -> None:
    desk = await Desk.sit(cast.hall.site.origin, cast.ada.token, terminal=False)
    await desk.shows("You are in Physics.")
    bea = await cast.chat(cast.bea)
    await bea.ask("new_message", room=cast.room, text="a\x1b[2Jb")
    await desk.shows("a\ufffd[2Jb")
    assert "\x1b[2J" not in desk.text
    assert await desk.leave() == 0


async def test_a_student_who_is_enrolled_later_hears_of_it(cast: Cast, listen: Any) -> None:
    zoe = await listen(cast.zoe)
    assert zoe.client.courses == []
    await in_thread(enroll, course=cast.course, users=[cast.zoe.user])
    await zoe.hears(lambda event: isinstance(event, RoomAdded) and event.room == cast.room)
    ada = await listen(cast.ada)
    await ada.client.send(cast.room, "Welcome")
    await eventually(lambda: Message.objects.filter(room__id=cast.room).exists())
    await until(lambda: zoe.messages(cast.room) == [(1, "Welcome")])
