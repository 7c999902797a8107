"""Students look for what convinced others, name what they cannot know, and show it in the hall.

Two pairs talk. In the first, ada names the message of bea that convinced her; carl, of the second
pair, looks for it everywhere.
"""

import asyncio
import uuid

import pytest

from rooms.models import Conviction, Enrollment, Message, PartnerGroup, Vote
from tests.attacks.commands import CHAT, fields
from tests.attacks.web import routes, takes_token, values
from tests.rooms.cast import make_question, store
from tests.rooms.lesson import lead

SECRET = "ARGUMENT-4711"
REASON = "REASON-4711"
ELSEWHERE = ("admin/", "metrics", "healthz", "readyz", "embed/")


class Pairs:
    """A class at its second vote, whose groups the test has made itself."""

    @classmethod
    async def of(cls, cast):
        self = cls()
        self.cast, self.slug = cast, cast.course.slug
        self.dora = cast.student("dora")
        self.people = [cast.ada, cast.bea, cast.carl, self.dora]
        self.clients = await cast.chat(*self.people)
        self.board = await cast.dashboard()
        await lead(self.board, "vote")
        for client, choice in zip(self.clients, "ABAB", strict=True):
            await client.ask("vote", course=self.slug, choice=choice, rationale=REASON)
        await self.board.ask("stop_vote")
        await self.board.ask("make_partners")
        await self.board.ask("enable_chat")
        return self

    def room(self, person):
        return PartnerGroup.objects.get(
            partners__user=person.user, round__session__course=self.cast.course
        ).room

    def partner(self, person):
        room = self.room(person)
        return next(one for one in self.people if one != person and self.room(one).pk == room.pk)

    def client(self, person):
        return self.clients[self.people.index(person)]

    def say(self, person, by, **given):
        return self.client(person).command(
            "say_convinced", course=self.slug, question="force", by=by, **given
        )


@pytest.mark.timeout(240)
async def test_what_convinced_a_student_reaches_nobody_but_those_who_lead(cast, visit):
    pairs = await Pairs.of(cast)
    ada = cast.ada
    other = pairs.partner(ada)
    outside = next(one for one in pairs.people if one not in (ada, other))
    (message,) = store(pairs.room(ada), other, SECRET)
    second_device = await cast.chat(ada)
    await pairs.board.ask("start_revote")
    for client in pairs.clients:
        await client.ask("vote", course=pairs.slug, choice="B")
    said = (await pairs.say(ada, "message", message=str(message.id)))["convinced"]
    assert (await second_device.event("convinced"))["convinced"] == said
    assert (await pairs.client(ada).ask("state", course=pairs.slug))["convinced"] == said
    posted = await visit().send(
        "POST",
        f"/api/courses/{pairs.slug}/convinced/",
        body={"question": "force", "by": "reason", "username": other.name},
        token=ada.token,
    )
    assert (posted.status, posted.body["convinced"]["username"]) == (200, other.name)
    assert (await second_device.event("convinced"))["convinced"] == posted.body["convinced"]
    await pairs.say(ada, "message", message=str(message.id))
    Enrollment.objects.filter(user=other.user).update(shares_reasons_since=message.created_at)
    await pairs.board.ask("stop_vote")
    told = (await pairs.board.ask("figures"))["arguments"]
    (argument,) = told["arguments"]
    assert (argument["text"], argument["named"], argument["choice"]) == (
        SECRET,
        1,
        Vote.objects.get(user=other.user, round__number=1).choice,
    )
    assert other.name not in str(told)
    assert str(message.id) not in str(told)
    screen = await cast.connect(f"/ws/screen/{pairs.slug}/", token=cast.ines.token)
    assert "argument" not in await screen.event("screen")
    await pairs.board.ask("show_argument", argument=argument["argument"])
    shown = await screen.take(lambda frame: "argument" in frame, "the argument in the hall")
    assert shown["argument"] == {"text": SECRET, "choice": argument["choice"]}
    assert not {"correct", "histograms"} & shown.keys()
    for step in (None, "reveal"):
        if step is not None:
            await pairs.board.ask(step)
        seen = await looks(pairs, outside, visit)
        for name, text in seen.items():
            assert SECRET not in text, name
            assert "became_right" not in text or "openapi" in text or "asyncapi" in text, name
            assert argument["argument"] not in text, name
    for person in (ada, other, outside, cast.ivan, cast.zoe):
        for query in ("", "?question=force"):
            path = f"/api/courses/{pairs.slug}/arguments/{query}"
            answer = await visit().get(path, token=person.token)
            assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
            assert (await visit(person).get(path)).status == 403
    heard = {
        one.name: b"".join(client.raw)
        for one, client in zip(pairs.people, pairs.clients, strict=True)
    }
    assert b'"convinced"' in heard.pop(ada.name)
    assert not any(b'"convinced"' in frames for frames in heard.values())


async def looks(pairs, person, visit):
    """Return everything that a student can get at, and all frames that came."""
    known = values(
        pairs.cast, slug=pairs.slug, room=str(pairs.room(person).pk), username=person.name
    )
    seen = {}
    page, program = visit(person), visit()

    async def get(route):
        if takes_token(route):
            answer = await program.get(route.path(known), token=person.token)
        else:
            answer = await page.get(route.path(known))
        seen[route.pattern] = answer.text

    await asyncio.gather(
        *(get(route) for route in routes() if not route.pattern.startswith(ELSEWHERE))
    )
    client = pairs.client(person)
    rooms = {str(one.pk): 0 for one in (pairs.room(person), pairs.room(pairs.cast.ada))}
    for room in rooms:
        for action in ("state", "history", "select_room", "resume", "list_users"):
            given = fields(CHAT[action], room=room, rooms=rooms, course=pairs.slug)
            seen[f"{action} {room}"] = str(await client.command(action, **given))
    seen["frames"] = b"".join(client.raw).decode()
    return seen


async def test_nobody_names_messages_and_reasons_that_they_cannot_know(cast, visit):
    """Whether there is such a message, and whose it is, makes no difference to the answer."""
    make_question(cast.other_course, "force")
    pairs = await Pairs.of(cast)
    ada = cast.ada
    other = pairs.partner(ada)
    outside = next(one for one in pairs.people if one not in (ada, other))
    (foreign,) = store(pairs.room(outside), outside, SECRET)
    (own,) = store(pairs.room(ada), ada, "mine")
    (public,) = store(cast.room, other, "to everybody")
    await pairs.board.ask("start_revote")
    answers = []
    for name in (foreign.id, own.id, public.id, uuid.uuid4(), "nothing"):
        answers.append(await pairs.say(ada, "message", message=str(name)))
    for username in (ada.name, outside.name, cast.ines.name, "nobody"):
        answers.append(await pairs.say(ada, "reason", username=username))
    answers.append(await pairs.say(ada, "reason"))
    for answer in answers:
        del answer["uuid"]
    assert all(answer == answers[0] for answer in answers), answers
    assert answers[0]["error_code"] == "invalid_message_format"
    body = {"question": "force", "by": "message"}
    path = f"/api/courses/{pairs.slug}/convinced/"
    over_http = {
        (answer.status, answer.text)
        for name in (foreign.id, uuid.uuid4())
        if (
            answer := await visit().send(
                "POST", path, body={**body, "message": str(name)}, token=ada.token
            )
        )
    }
    assert [status for status, _ in over_http] == [404]
    for fields_ in ({"by": "message"}, {"by": "thought", "message": str(own.id)}):
        refusal = await pairs.client(ada).command(
            "say_convinced", course=pairs.slug, question="force", **fields_
        )
        assert refusal["error_code"] == "invalid_message_format"
    assert not Conviction.objects.filter(round__session__course=cast.course).exists()
    assert Message.objects.filter(pk=foreign.pk).exists()
