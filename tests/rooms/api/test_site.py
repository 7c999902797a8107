"""The API and the sockets of one running site with two workers."""

import asyncio
import contextlib
import time
from pathlib import Path

import pytest
from django.db import transaction

from peerchat.handler import KEPT
from rooms.models import Membership, Message, Room
from tests.client import barrier
from tests.pace import patient
from tests.rooms.api.wire import Wire, waiting_requests
from tests.rooms.cast import eventually
from tests.rooms.lesson import discussing
from tests.rooms.test_enrollment import waits
from tests.running import read_figures


@pytest.fixture
def wire(cast):
    return Wire(cast.hall)


def messages_of(room):
    return f"rooms/{room}/messages/"


async def until(ask, status):
    """The first answer with this status, asked for again and again."""
    for _ in range(200):
        if (answer := await ask()).status == status:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"no answer with {status}: {answer}")


# --- Both ways in ------------------------------------------------------------------------------


@pytest.mark.parametrize("worker", [0, 1])
async def test_what_is_posted_reaches_the_sockets_of_both_workers(cast, wire, worker):
    here = await cast.chat(cast.ada, worker=0)
    there = await cast.chat(cast.bea, worker=1)
    answer = await wire.post(
        messages_of(cast.room), cast.ada, {"text": "hello", "uuid": "one"}, worker=worker
    )
    assert answer.status == 201
    event = {
        "action": "new_message",
        "uuid": "one",
        "status": "success",
        "room": cast.room,
        "message": answer.body,
    }
    assert await here.message("hello") == await there.message("hello") == event


async def test_the_uuids_of_both_ways_are_the_same(cast, wire):
    socket = await cast.chat(cast.ada)
    uuid = await socket.post("new_message", room=cast.room, text="hello")
    event = await socket.message("hello")
    body = {"text": "hello", "uuid": uuid}
    again = await wire.post(messages_of(cast.room), cast.ada, body)
    assert (again.status, again.body) == (200, event["message"])
    assert await socket.settled() == []


async def test_the_class_is_moved_for_the_sockets_too(cast, wire):
    ada = await cast.chat(cast.ada, worker=0)
    dashboard = await cast.dashboard(worker=1)
    path = f"courses/{cast.course.slug}"
    command = {"action": "start_question", "question": "force", "uuid": "go"}
    answer = await wire.post(f"{path}/control/", cast.ines, command)
    assert answer.body == {
        "uuid": "go",
        "action": "start_question",
        "status": "success",
        "phase": "vote",
        "epoch": 1,
    }
    for socket in (ada, dashboard):
        assert (await socket.control("enableVote"))["epoch"] == 1
    assert (await wire.post(f"{path}/vote/", cast.ada, {"choice": "A"})).status == 200
    await dashboard.event("figures", votes=[1, 0])
    socket_state = await ada.ask("state", course=cast.course.slug)
    http_state = (await wire.get(f"{path}/state/", cast.ada)).body
    assert abs(socket_state.pop("server_time") - http_state.pop("server_time")) < 5
    assert http_state == socket_state


async def test_a_round_ends_without_any_socket(cast, wire):
    path = f"courses/{cast.course.slug}"
    command = {"action": "start_question", "question": "force", "seconds": 1}
    assert (await wire.post(f"{path}/control/", cast.ines, command)).status == 200

    state = (await wire.get(f"{path}/state/", cast.ada)).body
    await asyncio.sleep(max(state["deadline"] - time.time(), 0))
    assert (await wire.get(f"{path}/state/", cast.ada)).body["phase"] == "vote_closed"
    assert Message.objects.filter(room=cast.room, text="stopVote").count() == 1


async def test_a_room_made_over_http_is_there_on_the_sockets(cast, wire):
    ada = await cast.chat(cast.ada)
    wanted = {"course": cast.course.slug, "title": "Reading group", "topic": "Chapter 3"}
    made = (await wire.post("rooms/", cast.ada, wanted)).body
    added = await ada.event("room_added")
    assert added["room"] == made["room"]
    await ada.post("new_message", room=made["room"], text="first")
    await ada.message("first")


async def test_without_partners_the_sender_is_told_on_the_socket_too(cast, wire):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    sent = {"type": "text", "message": "hi", "course_name": cast.course.slug, "div_id": ""}
    answer = await wire.post("peer/messages/", cast.ada, sent)
    assert (answer.status, answer.body["error_code"]) == (409, "no_partner")
    assert await ada.event("system") == {
        "action": "system",
        "course": cast.course.slug,
        "text": "Could not find a partner for you",
    }
    await barrier(ada, cast.room, bea)
    assert bea.unread() == []
    assert not Message.objects.filter(room__course=cast.course, text="hi").exists()


async def test_partners_who_are_gone_while_a_message_comes(cast, wire):
    """The class goes on between the look for the partners and the lock of their room."""
    _, (sender, _), _ = await discussing(cast, ["A", "B"])
    sent = {"type": "text", "message": "hi", "course_name": cast.course.slug, "div_id": ""}
    with transaction.atomic():
        room = Room.objects.select_for_update().get(course=cast.course, kind="partners")
        Membership.objects.filter(room=room).delete()
        posting = asyncio.create_task(wire.post("peer/messages/", sender, sent))
        await eventually(waits)
    answer = await posting
    assert (answer.status, answer.body["error_code"]) == (409, "no_partner")


async def test_a_session_of_the_pages_works_here(cast, wire):
    cookie = f"sessionid={cast.ada.log_in()}"
    assert (await wire.get("courses/", headers={"Cookie": cookie})).status == 200
    path, body = messages_of(cast.room), {"text": "hello"}
    refused = await wire.post(path, body=body, headers={"Cookie": cookie})
    assert (refused.status, refused.body["error_code"]) == (403, "permission_denied")
    secret = "c" * 32
    headers = {"Cookie": f"{cookie}; csrftoken={secret}", "X-CSRFToken": secret}
    assert (await wire.post(path, body=body, headers=headers)).status == 201


async def test_the_use_log_is_streamed(cast, wire):
    for text in ("one", "two"):
        await wire.post(messages_of(cast.room), cast.ada, {"text": text})
    answer = await wire.get(f"courses/{cast.course.slug}/uselog/", cast.ines)
    assert answer.headers.get("Content-Length") is None
    lines = answer.raw.decode().splitlines()
    assert [line.split(",")[1:4] for line in lines[1:]] == [
        [cast.ada.name, "sendmessage", f"to:*:{text}"] for text in ("one", "two")
    ]


# --- Waiting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("waits_at", "posted_at"), [(0, 0), (0, 1), (1, 0)])
async def test_a_request_waits_for_the_next_message(cast, wire, waits_at, posted_at):
    path = messages_of(cast.room)
    query = {"after": 0, "wait": 25}
    waiting = asyncio.create_task(wire.get(path, cast.bea, query=query, worker=waits_at))
    await waiting_requests(cast.hall.site)
    posted = await wire.post(path, cast.ada, {"text": "hello"}, worker=posted_at)
    began = time.monotonic()
    answer = await waiting
    assert time.monotonic() - began < patient(2)
    assert answer.status == 200
    assert answer.body == {
        "room": cast.room,
        "last_seq": 1,
        "last_read_seq": 0,
        "next": None,
        "previous": None,
        "results": [posted.body],
    }


async def test_a_message_of_a_socket_ends_the_waiting_too(cast, wire):
    socket = await cast.chat(cast.ada, worker=0)
    query = {"after": 0, "wait": 25}
    waiting = asyncio.create_task(wire.get(messages_of(cast.room), cast.bea, query=query, worker=1))
    await waiting_requests(cast.hall.site)
    await socket.post("new_message", room=cast.room, text="hello")
    assert [m["text"] for m in (await waiting).body["results"]] == ["hello"]


async def test_nothing_is_missed_between_two_requests(cast, wire):
    """Messages come all the time; one who polls gets each once."""
    path, count = messages_of(cast.room), 30

    async def write():
        for number in range(count):
            body = {"text": str(number)}
            await until(lambda body=body: wire.post(path, cast.ada, body), 201)

    async def read():
        seen = []
        while len(seen) < count:
            query = {"after": seen[-1]["seq"] if seen else 0, "wait": 10}
            answer = await wire.get(path, cast.bea, query=query)
            assert answer.status == 200
            assert answer.body["results"], "the wait ended although messages were still to come"
            seen += answer.body["results"]
        return seen

    writing = asyncio.create_task(write())
    readers = await asyncio.gather(*(read() for _ in range(3)))
    await writing
    for seen in readers:
        assert [message["text"] for message in seen] == list(map(str, range(count)))
        assert [message["seq"] for message in seen] == list(range(1, count + 1))


async def test_after_the_time_the_answer_comes_without(cast, wire):
    began = time.monotonic()
    answer = await wire.get(messages_of(cast.room), cast.bea, query={"after": 0, "wait": 1.5})
    assert 1.5 <= time.monotonic() - began < patient(5)
    assert (answer.status, answer.body["results"]) == (200, [])


async def test_a_message_of_another_room_ends_no_waiting(cast, wire):
    room = cast.open_room(cast.ada, cast.bea)
    query = {"after": 0, "wait": 2}
    waiting = asyncio.create_task(wire.get(messages_of(room.id), cast.bea, query=query))
    await wire.post(messages_of(cast.room), cast.ada, {"text": "elsewhere"})
    assert (await waiting).body["results"] == []


async def test_who_lost_the_room_while_waiting_gets_nothing_of_it(cast, wire):
    room = cast.open_room(cast.ada, cast.bea)
    query = {"after": 0, "wait": 25}
    waiting = asyncio.create_task(wire.get(messages_of(room.id), cast.bea, query=query))
    await waiting_requests(cast.hall.site)
    Membership.objects.get(room=room, user=cast.bea.user).delete()
    await wire.post(messages_of(room.id), cast.ada, {"text": "secret"})
    answer = await waiting
    assert (answer.status, answer.body["error_code"]) == (404, "invalid_room_id")


def threads(pid):
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


async def test_waiting_holds_no_thread(cast, wire):
    """A whole class of waiting requests in one worker, which goes on serving."""
    students = [cast.student(f"s{number}") for number in range(60)]
    await wire.get("courses/", cast.ada, worker=0)
    worker = cast.hall.workers[0]
    before = threads(worker)
    connections = await asyncio.gather(*(wire.connect(0) for _ in students))
    for connection, student in zip(connections, students, strict=True):
        connection.request(
            "GET",
            f"/api/{messages_of(cast.room)}?after=0&wait=25",
            headers={"Authorization": f"Bearer {student.token}"},
        )

    def waiting():
        return read_figures(cast.hall.site)[("peerchat_waiting_requests",)] >= len(students)

    await eventually(waiting)
    # Of the threads that answered the first time, some stay for the next requests.
    await eventually(lambda: threads(worker) <= before + KEPT)
    assert (await wire.get("rooms/", cast.ada, worker=0)).status == 200
    posted = (await wire.post(messages_of(cast.room), cast.ada, {"text": "hello"})).body

    def answers():
        return [connection.getresponse().read() for connection in connections]

    began = time.monotonic()
    for raw in await asyncio.to_thread(answers):
        assert posted["id"] in raw.decode()
    assert time.monotonic() - began < patient(15)
    for connection in connections:
        connection.close()


async def test_one_user_cannot_fill_a_worker_with_waiting(cast, wire):
    path = f"/api/{messages_of(cast.room)}?after=0&wait=25"
    headers = {"Authorization": f"Bearer {cast.bea.token}"}
    with contextlib.ExitStack() as open_ones:
        for _ in range(25):  # five more than may wait, as those below may come before the last
            connection = await wire.connect(0)
            open_ones.callback(connection.close)
            connection.request("GET", path, headers=headers)

        async def ask():
            query = {"after": 0, "wait": 0.1}
            return await wire.get(messages_of(cast.room), cast.bea, query=query, worker=0)

        refused = await until(ask, 429)
        assert refused.body["error_code"] == "rate_limited"
        assert refused.body["retry_after"] == 1
        assert refused.headers["Retry-After"] == "1"
    # Requests whose clients are gone wait no longer.
    await until(ask, 200)


# --- Without a socket --------------------------------------------------------------------------


async def online(wire, cast):
    users = (await wire.get(f"rooms/{cast.room}/users/", cast.ines)).body["users"]
    return {user["username"] for user in users if user["online"]}


async def test_who_waits_for_messages_is_online(cast, wire):
    tess = await cast.chat(cast.tess)
    tess.forget()
    query = {"after": 0, "wait": 25}
    waiting = asyncio.create_task(wire.get(messages_of(cast.room), cast.ada, query=query))
    joined = await tess.take(
        lambda frame: cast.ada.name in frame.get("joined", ()), "presence of one who waits"
    )
    assert joined["room"] == cast.room
    assert await online(wire, cast) == {cast.ada.name, cast.tess.name}
    # The next request follows soon enough.
    await wire.post(messages_of(cast.room), cast.bea, {"text": "hello"})
    await waiting
    query = {"after": 1, "wait": 2}
    await wire.get(messages_of(cast.room), cast.ada, query=query)
    # The notice of tess herself may come late.
    assert [
        frame for frame in tess.unread(but=frozenset()) if cast.ada.name in frame.get("left", ())
    ] == []
    await tess.event("presence", left=[cast.ada.name])
    assert await online(wire, cast) == {cast.tess.name}


async def test_a_class_without_a_single_socket(cast, wire):
    """Two students who poll go through a question, and neither is taken for gone."""
    path = f"courses/{cast.course.slug}"
    people = (cast.ada, cast.bea)
    ended = asyncio.Event()

    async def poll(person):
        seen = 0
        while not ended.is_set():
            query = {"after": seen, "wait": 0.7}
            page = (await wire.get(messages_of(cast.room), person, query=query)).body
            seen = page["results"][-1]["seq"] if page["results"] else seen

    async def lead(action, **fields):
        answer = await wire.post(f"{path}/control/", cast.ines, {"action": action, **fields})
        assert answer.status == 200, answer.body
        return answer.body

    async def everybody_is_here():
        return {person.name for person in people} <= await online(wire, cast)

    polling = [asyncio.create_task(poll(person)) for person in people]
    for _ in range(100):
        if await everybody_is_here():
            break
        await asyncio.sleep(0.05)
    await lead("start_question", question="force")
    assert (await wire.post(f"{path}/vote/", cast.ada, {"choice": "A"})).status == 200
    await lead("stop_vote")
    # The student without a vote is online, so the two are paired.
    assert (await lead("make_partners"))["groups"] == 1
    await lead("enable_chat")
    told = [(await wire.get(f"{path}/partners/", person)).body for person in people]
    assert [[p["username"] for p in one["partners"]] for one in told] == [
        [cast.bea.name],
        [cast.ada.name],
    ]
    # Longer than partners may be away, and the pair is still one.
    began = time.monotonic()
    while time.monotonic() - began < 4:
        assert await everybody_is_here()
        await asyncio.sleep(0.2)
    assert [(await wire.get(f"{path}/partners/", person)).body for person in people] == told
    ended.set()
    await asyncio.gather(*polling)
