"""Attempts to read reasons, seats and places of others, before their time or in another group.

Everybody writes a reason and a seat with a mark of their own. Whatever somebody can ask for, or is
told unasked, may have the marks of their partners once the discussion is open, and the reason that
their group is offered, of which nothing tells who wrote it.
"""

import asyncio
import json
import re

import pytest

from rooms.models import ClassSettings, Room
from tests.attacks.commands import CHAT, fields
from tests.attacks.web import routes, values
from tests.rooms.cast import Person

# A reason that named its author would be offered to nobody.
MARKS = {"ada": "north", "bea": "east", "carl": "south", "dora": "west"}
ANSWERS = {"ada": "A", "bea": "A", "carl": "C", "dora": "C"}
CONSENTS = ("ada", "carl")
MARK = re.compile(r"(?:why|seat)-[a-z]+(?=-mark)")
# These commands tell something and ask for nothing, or open another connection.
TELLING = {
    *("authenticate", "new_message", "private_message", "vote", "draft", "typing", "publish"),
    *("send_to", "set_place", "share_reasons"),
}


def reason_of(name: str) -> str:
    return (
        f"No force acts on it as a whole, since its speed stays the same: why-{MARKS[name]}-mark."
    )


@pytest.mark.timeout(240)
async def test_nobody_reads_reasons_or_seats_before_their_time_or_of_other_groups(cast, visit):
    ClassSettings.objects.create(course=cast.course, asks_place=True, asks_seat=True)
    course = cast.course.slug
    people: dict[str, Person] = {name: getattr(cast, name, None) for name in ANSWERS}
    people["dora"] = cast.student("dora")
    sockets = dict(zip(people, await cast.chat(*people.values()), strict=True))
    board = await cast.dashboard()
    screen = await cast.connect(f"/ws/screen/{course}/", token=cast.ines.token)

    async def marks(name: str) -> set[str]:
        """Return the marks in all that a person can get at now, or was told since the last look."""
        person, client, visitor = people[name], sockets[name], visit()
        known = values(cast, slug=course, room=cast.room, username=person.name, seq=1)
        found = []
        for route in routes():
            if route.pattern.startswith("api/") and "slug" in route.names:
                found.append((await visitor.get(route.path(known), token=person.token)).text)
        for path in (f"/courses/{course}/", f"/api/search/?q=mark&course={course}"):
            found.append((await visit(person).get(path)).text)
        rooms = Room.objects.filter(course=cast.course).values_list("id", flat=True)
        for room in map(str, rooms):
            path = f"/api/rooms/{room}/messages/"
            found.append((await visitor.get(path, token=person.token)).text)
        for action, kind in CHAT.items():
            if action not in TELLING:
                given = {"room": cast.room, "rooms": {cast.room: 0}, "course": course}
                await client.command(action, **fields(kind, topic=f"{course}/a", **given))
        await client.settled()
        found += [raw.decode() for raw in client.raw]
        client.raw.clear()
        return set(MARK.findall("\n".join(found)))

    async def looks() -> dict[str, set[str]]:
        return dict(zip(people, await asyncio.gather(*map(marks, people)), strict=True))

    for name in CONSENTS:
        await sockets[name].ask("share_reasons", course=course, shared=True)
    await board.ask("start_question", question="force")
    for name, client in sockets.items():
        await client.ask("set_place", course=course, place="hall", seat=f"seat-{MARKS[name]}-mark")
        await client.ask(
            "vote", course=course, choice=ANSWERS[name], rationale=reason_of(name), confidence=4
        )
    await board.ask("stop_vote")
    await board.ask("make_partners", method="same_answer")
    own = {name: {f"why-{mark}", f"seat-{mark}"} for name, mark in MARKS.items()}
    assert await looks() == own

    await board.ask("enable_discussion")
    seen = await looks()
    for name, partner, offered in (
        ("ada", "bea", "carl"),
        ("bea", "ada", "carl"),
        ("carl", "dora", "ada"),
        ("dora", "carl", "ada"),
    ):
        assert seen[name] == own[name] | own[partner] | {f"why-{MARKS[offered]}"}, name
        # What is offered tells nothing but the answer and the reason.
        state = await sockets[name].ask("state", course=course)
        assert state["offered"] == {"choice": ANSWERS[offered], "rationale": reason_of(offered)}
        assert people[offered].name not in json.dumps(state)
    # Strangers and the hall get none of it, and those who lead no more than the numbers.
    for stranger in (cast.ivan, cast.zoe):
        for part in ("state", "partners"):
            answer = await visit().get(f"/api/courses/{course}/{part}/", token=stranger.token)
            assert answer.status == 403
    await screen.event("screen", phase="discuss", meets=True)
    assert not any(MARK.search(raw.decode()) for raw in (*screen.raw, *board.raw))

    # Who withdraws the consent takes the reason out of what can be asked for.
    await sockets["carl"].ask("share_reasons", course=course, shared=False)
    for client in sockets.values():
        client.raw.clear()
    state = await sockets["ada"].ask("state", course=course)
    assert "why-south" not in json.dumps(state)


async def test_nobody_says_where_somebody_else_is(cast, visit):
    """A place and a consent are those of who sends them, whatever else the body names."""
    ClassSettings.objects.create(course=cast.course, asks_place=True)
    path = f"/api/courses/{cast.course.slug}/"
    for extra in ({"username": cast.bea.name}, {"user": cast.bea.user.pk}, {"course": "x"}):
        for part, body in (("place/", {"place": "hall"}), ("sharing/", {"shared": True})):
            answer = await visit().send(
                "POST", path + part, body=body | extra, token=cast.ada.token
            )
            assert answer.status == 400
    state = await visit().get(f"{path}state/", token=cast.bea.token)
    assert not {"place", "seat", "shares_reasons"} & state.body.keys()
    # A page of another site cannot say it either.
    for part, body in (("place/", {"place": "hall"}), ("sharing/", {"shared": True})):
        assert (await visit(cast.bea).send("POST", path + part, body=body)).status == 403
