"""A student of a class with pseudonyms calls everything there is, and never gets a name of another.

Whatever arrives, over sockets and HTTP, is searched for the others' names, addresses and ids.
"""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from rooms.actions.steps import NEW_SESSION_AFTER
from rooms.models import ClassSession, ClassSettings, Membership, Message, Pseudonym, Room
from rooms.peer.pseudonyms import username
from tests.attacks.commands import CHAT, fields, names
from tests.attacks.web import routes, takes_token, values
from tests.pace import patient
from tests.rooms.cast import Cast, eventually


@pytest.fixture
async def veiled(cast: Cast):
    """A class with pseudonyms in which partners talk, with names that are like nothing else.

    Returns (dashboard, the socket of `ada`, who attacks, that of her partner `bea`, their room).
    """
    for number, one in enumerate((cast.bea, cast.carl)):
        User.objects.filter(pk=one.user.pk).update(
            display_name=f"Unmistakable {number}",
            first_name=f"Firstname{number}",
            last_name=f"Lastname{number}",
            email=f"unmistakable{number}@example.edu",
        )
        one.user.refresh_from_db()
    ClassSettings.objects.create(course=cast.course, has_pseudonyms=True, lecturer_knows=False)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    await board.ask("start_question", question="force")
    for client, choice in ((ada, "A"), (bea, "B")):
        given = {"course": cast.course.slug, "choice": choice, "rationale": f"it is {choice}"}
        await client.ask("vote", **given)
    for action in ("stop_vote", "make_partners", "enable_chat"):
        await board.ask(action)
    room = (await ada.event("partners"))["room"]
    return board, ada, bea, room


def secrets(*people) -> list[str]:
    """What nobody else may learn of these students."""
    found = []
    for one in people:
        user = one.user
        found += [user.username, user.display_name, user.first_name, user.last_name, user.email]
    return list(filter(None, found))


def leaks(received: list[bytes], *people) -> list[str]:
    text = [frame.decode() for frame in received]
    told = [one for one in text if any(secret in one for secret in secrets(*people))]
    keys = [one.user.pk for one in people]
    # Numbers that stand alone as a value, as ids do.
    marks = [f":{key}{end}" for key in keys for end in ",}"]
    return told + [one for one in text if any(mark in one for mark in marks)]


async def everything(
    cast: Cast, visit, ada, rooms: list[str], others: list[str], *, queries=("",)
) -> list[bytes]:
    """Give every command and read every address; return all that was answered over HTTP.

    Pages take no token, and views do not know by what a user was recognised (see `test_answers`).
    """
    for action, kind in CHAT.items():
        for room in rooms if {"room", "rooms", "reply_to"} & names(kind) else [cast.room]:
            for to in others if {"to", "username"} & names(kind) else [""]:
                given = {
                    "room": room,
                    "rooms": {room: 0},
                    "course": cast.course.slug,
                    "topic": f"{cast.course.slug}/a",
                    "to": to,
                    "username": to,
                    "before": 10_000,
                    "limit": 100,
                    "seq": 3,
                    "text": f"@{to or others[0]} hello",
                }
                if action in ("authenticate", "leave_room"):
                    continue
                await ada.post(action, **fields(kind, **given))
    await ada.settled()
    answers = []
    visitor, page = visit(), visit(cast.ada)
    for route in routes():
        if route.pattern.startswith(("admin/", "accounts/", "embed/")):
            continue
        for room in rooms if "room" in route.names else [""]:
            for to in others if "username" in route.names else [""]:
                given = values(cast, room=room, username=to, seq=1)
                path = route.path(given)
                for query in queries:
                    if takes_token(route):
                        answer = await visitor.get(path + query, token=cast.ada.token)
                    else:
                        answer = await page.get(path + query)
                    # What was asked comes back in the address of a page and in links.
                    answers.append(answer.raw.replace(to.encode(), b"") if to else answer.raw)
                    if answer.status != 200:
                        break  # It is refused, whatever the query is.
    slug = cast.course.slug
    peer = {"type": "text", "message": "hello", "course_name": slug, "div_id": "force"}
    posts: list[tuple[str, dict[str, Any]]] = [
        *((f"rooms/{room}/messages/", {"text": "hello"}) for room in rooms),
        *((f"rooms/{room}/read/", {"seq": 1}) for room in rooms),
        *((f"direct/{to}/messages/", {"text": "hello"}) for to in others),
        *(("peer/messages/", {**peer, "to": to}) for to in others),
        ("rooms/", {"course": slug, "title": "More"}),
        (f"courses/{slug}/mutes/", {"username": others[0], "seconds": 5}),
        (f"courses/{slug}/vote/", {"choice": "A"}),
    ]
    for path, body in posts:
        if path.endswith("messages/") and "peer" not in path:
            body["uuid"] = uuid.uuid4().hex
        answer = await visitor.send("POST", f"/api/{path}", body=body, token=cast.ada.token)
        assert answer.status != 400, answer.text
        answers.append(answer.raw)
    return answers


async def test_a_student_never_gets_a_name_of_another(cast: Cast, veiled, visit):
    board, ada, bea, partners = veiled
    carl = await cast.chat(cast.carl)
    otter = Pseudonym.objects.get(user=cast.bea.user)
    me = Pseudonym.objects.get(user=cast.ada.user)
    for room in (cast.room, partners):
        await bea.post("typing", room=room)
        await bea.post("new_message", room=room, text=f"hello @{username(me.name)}")
        frame = await ada.message(f"hello @{username(me.name)}")
        assert frame["message"]["user"] == {
            "username": username(otter.name),
            "display_name": otter.name,
            "pseudonym": True,
        }
        assert (await ada.event("typing", room=room))["user"]["username"] == username(otter.name)
    # Own messages come as a reply to the own command, under the own pseudonym.
    sent = await ada.post("new_message", room=partners, text="mine")
    assert (await ada.reply(sent, "new_message"))["message"]["user"]["username"] == username(
        me.name
    )
    assert not Message.objects.filter(sender__in=[cast.ada.user, cast.bea.user], pseudonym="")
    # They come and go under their pseudonyms, too.
    ada.forget()
    await bea.close()
    gone = await ada.take(
        lambda f: f["action"] == "presence" and f["room"] == partners and "left" in f, "she left"
    )
    assert username(otter.name) in gone["left"]
    state = await ada.ask("state", course=cast.course.slug)
    # Where she has not gone from their group, another has come to it.
    company = {username(one.name) for one in Pseudonym.objects.exclude(pk=me.pk)}
    assert {one["username"] for one in state["partners"]} <= company
    assert state["me"]["username"] == username(me.name)
    # A reason is that of a pseudonym. A name does not do, as the answer would tell whose it is.
    await board.ask("start_revote")
    said = {"course": cast.course.slug, "question": "force", "by": "reason"}
    refused = [
        await ada.fail("say_convinced", **said, username=one)
        for one in (cast.bea.name, "nobody-here")
    ]
    assert refused[0] == refused[1]
    await ada.ask("say_convinced", **said, username=username(otter.name))
    state = await ada.ask("state", course=cast.course.slug)
    assert state["convinced"]["username"] == username(otter.name)
    others = [username(otter.name), "nobody-here", cast.ines.name]
    queries = ("", "?limit=100", "?q=hello")
    answers = await everything(cast, visit, ada, [cast.room, partners], others, queries=queries)
    # Nor after a reconnection, in the class after that, and once the course has names again.
    again = await cast.chat(cast.ada)
    assert (await again.ask("resume", rooms={partners: 0}))["rooms"][partners]["messages"]
    ClassSettings.objects.filter(course=cast.course).update(has_pseudonyms=False)
    then = await everything(cast, visit, again, [cast.room, partners], others)
    for client in (ada, again, carl):
        mine = (cast.carl,) if client is carl else ()
        found = leaks(client.raw, *({cast.bea, cast.carl} - set(mine)))
        assert found == []
    assert leaks([*answers, *then], cast.bea, cast.carl) == []
    # Not even those who lead get the names with what is said.
    assert leaks(board.raw, cast.ada, cast.bea, cast.carl) == []
    path = f"/api/courses/{cast.course.slug}/"
    answer = await visit().get(f"{path}pseudonyms/", token=cast.ines.token)
    assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
    log = await visit().get(f"{path}uselog/?names=real&as=jsonl", token=cast.ines.token)
    assert "hello" in log.text
    assert leaks([log.raw], cast.ada, cast.bea, cast.carl) == []


async def test_names_come_back_with_the_next_class_and_uncover_nobody(cast: Cast, veiled):
    board, ada, bea, _ = veiled
    await bea.post("new_message", room=cast.room, text="under a pseudonym")
    await ada.message("under a pseudonym")
    otter = Pseudonym.objects.get(user=cast.bea.user)
    settings = ClassSettings.objects.get(course=cast.course)
    settings.has_pseudonyms = False
    settings.save()
    await board.ask("start_revote")
    await board.ask("stop_vote")
    await board.ask("next_question")
    session = ClassSession.objects.get(course=cast.course, ended_at=None)
    ClassSession.objects.filter(pk=session.pk).update(
        changed_at=session.changed_at - NEW_SESSION_AFTER - timedelta(minutes=1)
    )
    await board.ask("start_question", question="work")
    assert (await ada.event("pseudonym", me=None))["course"] == cast.course.slug
    await bea.post("new_message", room=cast.room, text="by name")
    assert (await ada.message("by name"))["message"]["user"]["username"] == cast.bea.name
    page = (await ada.ask("history", room=cast.room, before=10_000, limit=100))["room_messages"]
    (before,) = (one for one in page if one["text"] == "under a pseudonym")
    assert before["user"]["username"] == username(otter.name)


async def test_rooms_whose_members_stay_are_closed(cast: Cast, veiled, visit):
    """In these a student could tell whose pseudonym is whose, or learn a name from the typing."""
    _, ada, bea, _ = veiled
    room = str(cast.open_room(cast.ada, cast.bea).id)
    low, high = sorted((cast.ada.user.pk, cast.bea.user.pk))
    direct = Room.objects.create(course=cast.course, kind="direct", pair=f"{low}:{high}")
    for one in (cast.ada, cast.bea):
        Membership.objects.create(room=direct, user=one.user)
    ada.forget()
    for closed in (room, str(direct.pk)):
        await bea.post("typing", room=closed)
        refused = await bea.fail("new_message", room=closed, text="it is me")
        assert refused["error_code"] == "permission_denied"
    for to in (cast.ada.name, "nobody-here"):
        refused = await bea.fail("private_message", to=to, text="it is me")
        assert refused["error_code"] == "permission_denied"
    refused = await bea.fail("publish", topic=f"{cast.course.slug}/a", data="it is me")
    assert refused["error_code"] == "permission_denied"
    await bea.close()
    await eventually(
        lambda: not cast.bea.user.peerchat_connections.filter(closed_at=None).exists(),
        within=patient(20.0),
    )
    await ada.settled()
    assert leaks(ada.raw, cast.bea) == []
