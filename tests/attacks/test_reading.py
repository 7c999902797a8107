"""Strangers ask for things of others, by every address and command that reads.

The answer must be the same as for a thing that does not exist, so that they cannot even tell that.
"""

import itertools
import re
import uuid

import pytest

from rooms.actions import uselog
from rooms.models import Message, Room, Vote
from tests.attacks.commands import CHAT, fields, names
from tests.attacks.web import Route, refused, routes, takes_token, values
from tests.rooms.cast import Cast, in_thread, make_question, store
from tests.rooms.lesson import lead

NOWHERE = "no-such-course-at-all"
SECRET = "the secret of the course"


@pytest.fixture
async def told(cast):
    """Make texts to be read: a class that has voted and talked, texts in every kind of room."""
    make_question(cast.course, "secret-question")
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    await lead(board, "vote")
    for client, choice in ((ada, "A"), (bea, "B")):
        given = {"choice": choice, "rationale": SECRET, "course": cast.course.slug}
        await client.ask("vote", **given)
    for action in ("stop_vote", "make_partners", "enable_chat"):
        await board.ask(action)
    partners = (await ada.event("partners"))["room"]
    direct = (await ada.command("private_message", to=cast.bea.name, text=SECRET))["room"]
    reading = cast.open_room(cast.ada, cast.bea, title=SECRET)
    for room in (cast.room, partners, str(reading.id)):
        await ada.post("new_message", room=room, text=f"@{cast.bea.name} {SECRET}")
        await ada.message(f"@{cast.bea.name} {SECRET}")
    # From here on no student can join the group of the two any more.
    await board.ask("start_revote")
    return {
        "course": cast.room,
        "partners": partners,
        "direct": direct,
        "open": str(reading.id),
    }


def same(text: str, *hidden: str) -> str:
    """Return an answer without the words of the request and without what differs each time."""
    changing = r'name="csrfmiddlewaretoken" value="\w+"|data-csrf="\w+"| nonce="[^"]*"'
    text = re.sub(changing, "", text)
    for one in hidden:
        text = text.replace(one, "(asked)")
    return text


def readable() -> list[Route]:
    """The addresses of things of a course; those of the admin are in `test_control`."""
    return [
        route
        for route in routes()
        if {"slug", "room"} & set(route.names)
        and not route.pattern.startswith(("admin/", "embed/"))
    ]


def test_there_are_as_many_as_one_would_think():
    assert len(readable()) > 15


@pytest.mark.parametrize(
    "who", ["ivan", *(pytest.param(one, marks=pytest.mark.long) for one in ("zoe", None))]
)
async def test_over_http_a_course_of_others_is_like_none(cast: Cast, told, visit, who):
    """The test covers every address of pages and API, also those that will be added later.

    Pages take no token, as `test_answers` shows. Views do not know by what a user was recognised,
    so only the long form asks by a session where a token counts as well.
    """
    person = cast.person(who) if who else None
    ways = {"token": visit(), "session": visit(person)} if person else {"nobody": visit()}
    both = who == "zoe"
    for route in readable():
        of_theirs = [
            values(cast, room=room, username=cast.ada.name)
            for room in (told.values() if "room" in route.names else [""])
        ]
        strange = {"slug": NOWHERE, "room": str(uuid.uuid4()), "username": "nobody-here"}
        for by in ways:
            if by == "token" and not takes_token(route):
                continue
            if by == "session" and not both and takes_token(route):
                continue
            answers = []
            for given in ({**of_theirs[0], **strange}, *of_theirs):
                path, token = route.path(given), person.token if person else None
                answer = await ways[by].get(path, token=token if by == "token" else None)
                hidden = [str(value) for key, value in given.items() if key in route.names]
                answers.append((answer.status, same(answer.text, *hidden, path)))
                assert SECRET not in answer.text
            assert answers == [answers[0]] * len(answers), (by, route.pattern)
            assert answers[0][0] in (401, 403, 404, 405, 302), (by, route.pattern)


async def test_over_http_a_private_room_of_a_course_of_one_s_own(cast, told, visit):
    """Nobody can read what two others say to each other, not even a leader of the course."""
    visitor = visit()
    of_rooms = [route for route in readable() if "room" in route.names]
    for who, kind, route in itertools.product(
        ("carl", "tess", "ines"), ("partners", "direct"), of_rooms
    ):
        token, answers = cast.person(who).token, []
        for room in (told[kind], str(uuid.uuid4())):
            answer = await visitor.get(route.path(values(cast, room=room)), token=token)
            assert SECRET not in answer.text, (who, kind, route.pattern)
            answers.append((answer.status, same(answer.text, room)))
        assert answers[0] == answers[1], (who, kind, route.pattern)


async def test_over_http_a_student_reads_no_log_nor_the_votes_of_others(cast, told, visit):
    for who in ("ada", "carl"):
        await reads_no_log_nor_the_votes_of_others(cast, visit(), cast.person(who))


async def reads_no_log_nor_the_votes_of_others(cast, visitor, person):
    """Check what a student gets who asks for them."""
    path = f"/api/courses/{cast.course.slug}/"
    for inner in ("uselog/", "uselog/?as=jsonl&names=pseudonyms", "mutes/"):
        answer = await visitor.get(path + inner, token=person.token)
        told = answer.status, answer.body["error_code"]
        assert told == (403, "permission_denied"), (person.name, inner)
    votes = (await visitor.get(path + "votes/", token=person.token)).body["results"]
    own = Vote.objects.filter(user=person.user, round__session__course=cast.course)
    assert [vote["choice"] for vote in votes] == [vote.choice for vote in own], person.name
    for extra in (f"?user={cast.bea.name}", f"?username={cast.bea.name}", "?all=1"):
        answer = await visitor.get(f"{path}votes/{extra}", token=person.token)
        assert answer.status == 400, (person.name, extra)
    sessions = (await visitor.get(path + "sessions/", token=person.token)).text
    assert "histogram" not in sessions, person.name
    assert '"votes"' not in sessions, person.name


async def test_the_search_and_the_mentions(cast, told, visit):
    """A search finds nothing of rooms in which the user is not, whatever the query is."""
    for who in ("ivan", "zoe", "carl"):
        await finds_nothing_of_others(cast, told, visit(), who)


async def finds_nothing_of_others(cast, told, visitor, who):
    """Check what somebody is told who searches, and lists mentions and rooms."""
    person = cast.person(who)
    mine = {cast.room} if who == "carl" else set()
    for query in ("", *(f"&room={room}" for room in told.values()), f"&course={cast.course.slug}"):
        answer = await visitor.get(f"/api/search/?q=secret{query}", token=person.token)
        if answer.status == 200:
            assert {one["room"] for one in answer.body["results"]} <= mine, (who, query)
        else:
            refusal = answer.body["error_code"]
            assert refusal in ("invalid_room_id", "permission_denied"), (who, query)
    answer = await visitor.get("/api/mentions/", token=person.token)
    assert answer.body["results"] == [], who
    rooms = (await visitor.get("/api/rooms/", token=person.token)).body["results"]
    hidden = {"partners", "direct"} if who == "carl" else set(told)
    assert {one["room"] for one in rooms} & {told[kind] for kind in hidden} == set(), who


async def test_over_sockets_a_course_of_others_is_like_none(cast, told):
    """The test covers every command that names a room, a course or a person, also later ones."""
    for who in ("ivan", "zoe"):
        await over_sockets_the_course_is_like_none(cast, told, who)


async def over_sockets_the_course_is_like_none(cast, told, who):
    """Check what somebody is told who gives the commands for things of the course and for none."""
    client = await cast.chat(cast.person(who))
    client.forget()
    named = 0
    for action, kind in CHAT.items():
        known = names(kind) & {"room", "rooms", "course", "topic", "to", "reply_to"}
        if not known:
            continue
        named += 1
        for room in told.values() if {"room", "rooms", "reply_to"} & known else [cast.room]:
            replies = []
            for theirs in (True, False):
                room_ = room if theirs else str(uuid.uuid4())
                slug = cast.course.slug if theirs else NOWHERE
                to = cast.ada.name if theirs else "nobody-here"
                given = {
                    "room": room_,
                    "rooms": {room_: 0},
                    "course": slug,
                    "topic": f"{slug}/a",
                    "to": to,
                }
                sent = await client.post(action, **fields(kind, **given))
                reply = await client.take(lambda f, sent=sent: f.get("uuid") == sent, action)
                del reply["uuid"]
                text = str(reply)
                assert SECRET not in text, (who, action)
                replies.append(same(text, room_, slug, to))
            assert replies[0] == replies[1], (who, action)
            if action not in ("unsubscribe", "resume"):
                assert "'status': 'error'" in replies[0], (who, action)
    assert named > 10
    assert not [frame for frame in await client.settled() if SECRET in str(frame)], who


async def test_over_sockets_a_private_room_of_a_course_of_one_s_own(cast, told):
    for who, kind in itertools.product(("carl", "ines"), ("partners", "direct")):
        await over_sockets_the_room_is_like_none(cast, told, who, kind)


async def over_sockets_the_room_is_like_none(cast, told, who, kind):
    """Check what somebody is told who gives the commands for a room of two others and for none."""
    client = await cast.chat(cast.person(who))
    client.forget()
    for action, kind_ in CHAT.items():
        if not names(kind_) & {"room", "rooms"}:
            continue
        replies = []
        for room in (told[kind], str(uuid.uuid4())):
            sent = await client.post(action, **fields(kind_, room=room, rooms={room: 0}))
            reply = await client.take(lambda f, sent=sent: f.get("uuid") == sent, action)
            del reply["uuid"]
            replies.append(same(str(reply), room))
        assert replies[0] == replies[1], (who, kind, action)
    heard = [frame for frame in await client.settled() if told[kind] in str(frame)]
    assert heard == [], (who, kind)


async def test_a_message_of_another_room_cannot_be_answered(cast, told):
    """`reply_to` does not tell whether there is such a message elsewhere."""
    carl = await cast.chat(cast.carl)
    elsewhere = str(cast.open_room(cast.carl, title="Carl's").id)
    for kind, room in told.items():
        message = Message.objects.filter(room=room, kind="text").first()
        assert message is not None, kind
        replies = [
            await carl.command("new_message", room=elsewhere, text="?", reply_to=str(parent))
            for parent in (message.id, uuid.uuid4())
        ]
        for reply in replies:
            del reply["uuid"]
        assert replies[0] == replies[1], kind
        assert replies[0]["status"] == "error", kind


async def test_sockets_of_others_hear_nothing(cast, told):
    """While a class goes on, a user who is not in it gets no frame of it."""
    outsiders = await cast.chat(cast.ivan, cast.zoe)
    for outsider in outsiders:
        outsider.forget()
    ada = await cast.chat(cast.ada)
    for room in told.values():
        await ada.post("new_message", room=room, text=SECRET)
        await ada.message(SECRET)
    await ada.ask("publish", topic=f"{cast.course.slug}/a", data=SECRET)
    board = await cast.dashboard()
    await board.ask("stop_vote")
    await board.ask("announce", text=SECRET)
    await board.settled()
    # They may hear of their own presence.
    ours = (SECRET, cast.course.slug, cast.ada.name, *told.values())
    for who, outsider in zip(("ivan", "zoe"), outsiders, strict=True):
        await outsider.settled()
        heard = outsider.unread(but=frozenset())
        assert [frame for frame in heard if any(one in str(frame) for one in ours)] == [], who


async def test_no_stranger_is_made_to_read(cast, told):
    """A mention of somebody who is not in the room is neither stored nor told to them."""
    zoe, ada = await cast.chat(cast.zoe), await cast.chat(cast.ada)
    for name in (cast.zoe.name, cast.ivan.name, cast.carl.name):
        await ada.post("new_message", room=told["direct"], text=f"@{name} {SECRET}")
        await ada.message(f"@{name} {SECRET}")
    assert not cast.zoe.user.peerchat_mentions.exists()
    assert not cast.carl.user.peerchat_mentions.filter(message__room=told["direct"]).exists()
    assert [frame for frame in await zoe.settled() if frame["action"] == "new_message"] == []


async def test_the_use_log_of_another_course(cast, told, visit):
    """An instructor's download has the rows of the course in its address and of no other."""
    store(Room.objects.get(course=cast.other_course, kind="course"), cast.ivan, "mine")
    row = uselog.row(sid=cast.ivan.name, event="join", act="mine", course_id=cast.other_course.slug)
    await in_thread(uselog.record, [row])
    visitor = visit()
    path = f"/api/courses/{cast.other_course.slug}/uselog/"
    for query in ("", f"?course={cast.course.slug}", f"?course_id={cast.course.slug}", "?slug=x"):
        answer = await visitor.get(path + query, token=cast.ivan.token)
        assert answer.status == (400 if query else 200)
        assert cast.course.slug not in answer.text
        assert SECRET not in answer.text
    answer = await visitor.get(path, token=cast.ivan.token)
    assert "mine" in answer.text


async def test_another_course_s_dashboard(cast, told):
    answers = [
        await refused(cast, f"/ws/instructor/{slug}/", token=cast.ivan.token)
        for slug in (cast.course.slug, NOWHERE)
    ]
    assert [answer and answer.status_code for answer in answers] == [403, 403]
    assert answers[0].body == answers[1].body
