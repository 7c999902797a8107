"""Topics on the socket: subscribe, publish and send_to."""

import asyncio
import itertools
import json

import pytest
from channels.db import database_sync_to_async

from rooms.actions.enrollment import enroll, unenroll
from tests.client import barrier, refusal
from tests.pace import patient


async def test_who_is_subscribed_gets_it_once(cast):
    ada, bea, carl = await cast.chat(cast.ada, cast.bea, cast.carl)
    slug = cast.course.slug
    for pattern in (f"{slug}/quiz/+", f"{slug}/#", f"{slug}/quiz/1"):
        assert await ada.ask("subscribe", topic=pattern) == {"topic": pattern}
    assert await bea.ask("subscribe", topic=f"{slug}/quiz/1") == {"topic": f"{slug}/quiz/1"}
    await carl.ask("subscribe", topic=f"{slug}/quiz")
    for client in (ada, bea, carl):
        client.forget()
    data = {"answer": [1, None, "é \U0001f600"], "": {}}
    assert await bea.ask("publish", topic=f"{slug}/quiz/1", data=data) == {}
    event = await ada.event("topic_message")
    # The publisher is subscribed, too, and gets the datum as well.
    assert await bea.event("topic_message") == event
    assert len(event.pop("conn_id")) == 36
    assert event == {
        "action": "topic_message",
        "topic": f"{slug}/quiz/1",
        "data": data,
        "from": cast.bea.name,
    }
    await barrier(bea, cast.room, ada, carl)
    assert [client.unread() for client in (ada, bea, carl)] == [[], [], []]


async def test_conn_id_is_the_publishers_own(cast):
    ada = await cast.connect("/ws/chat/", token=cast.ada.token)
    welcome = await ada.event("welcome")
    topic = cast.course.slug
    await ada.ask("subscribe", topic=f"{topic}/#")
    await ada.ask("publish", topic=topic, data=None)
    assert await ada.event("topic_message") == {
        "action": "topic_message",
        "topic": topic,
        "data": None,
        "from": cast.ada.name,
        "conn_id": welcome["conn_id"],
    }


@pytest.mark.parametrize(
    "data", ['{"b" : 1.50e3,"a":[ ],"a":0}', '"\\u00e9\\n/\\/ é"', "12345678901234567890", "null"]
)
async def test_data_arrives_as_it_was_written(cast, data):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    topic = f"{cast.course.slug}/raw"
    await ada.ask("subscribe", topic=topic)
    await bea.send(f'{{"uuid": "1", "action": "publish", "topic": "{topic}", "data": {data}}}')
    await ada.event("topic_message")
    (frame,) = [one for one in ada.raw if b"topic_message" in one]
    assert f'"data":{data},'.encode() in frame


@pytest.mark.parametrize(
    "data", ["", '"\\ud800"', "[1,]", "NaN", "01", '"\t"', "{1:2}", "[" * 20_000 + "]" * 20_000]
)
async def test_data_must_be_json(cast, data):
    ada = await cast.chat(cast.ada)
    topic = cast.course.slug
    await ada.ask("subscribe", topic=topic)
    await ada.send(f'{{"uuid": "1", "action": "publish", "topic": "{topic}", "data": {data}}}')
    frame = await ada.take(lambda frame: frame.get("status") == "error", "an error")
    assert refusal(frame) == {"error_code": "invalid_json"}
    assert await ada.settled() == []


async def test_topics_match_by_level(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    slug = cast.course.slug
    await ada.ask("subscribe", topic=f"{slug}/+/x")
    published = [f"{slug}{rest}" for rest in ("", "/x", "//x", "/a/x", "/$a/x", "/a/b/x", "/a/X")]
    for number, topic in enumerate(published):
        await bea.ask("publish", topic=topic, data=number)
    await barrier(bea, cast.room, ada)
    assert [(event["topic"], event["data"]) for event in ada.unread()] == [
        (f"{slug}//x", 2),
        (f"{slug}/a/x", 3),
        (f"{slug}/$a/x", 4),
    ]


async def test_messages_of_one_publisher_arrive_in_order(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    slug = cast.course.slug
    await ada.ask("subscribe", topic=f"{slug}/+")
    for number in range(90):
        await bea.post("publish", topic=f"{slug}/{number % 7}", data=number)
    got = [(await ada.event("topic_message"))["data"] for _ in range(90)]
    assert got == list(range(90))


async def test_unsubscribe(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    slug = cast.course.slug
    for pattern in (f"{slug}/a", f"{slug}/+"):
        await ada.ask("subscribe", topic=pattern)
        await ada.ask("subscribe", topic=pattern)
    assert await ada.ask("unsubscribe", topic=f"{slug}/+") == {"topic": f"{slug}/+"}
    await bea.ask("publish", topic=f"{slug}/a", data=1)
    await bea.ask("publish", topic=f"{slug}/b", data=2)
    assert (await ada.event("topic_message"))["data"] == 1
    await ada.ask("unsubscribe", topic=f"{slug}/a")
    # There is none any more, and none in a course of others.
    await ada.ask("unsubscribe", topic=f"{slug}/a")
    await ada.ask("unsubscribe", topic=f"{cast.other_course.slug}/a")
    await bea.ask("publish", topic=f"{slug}/a", data=3)
    await barrier(bea, cast.room, ada)
    assert ada.unread() == []


async def test_a_subscription_is_of_one_socket_and_ends_with_it(cast):
    first = await cast.chat(cast.ada, worker=0)
    second = await cast.chat(cast.ada, worker=0)
    bea = await cast.chat(cast.bea, worker=1)
    topic = f"{cast.course.slug}/a"
    await first.ask("subscribe", topic=topic)
    await bea.ask("publish", topic=topic, data=1)
    await first.event("topic_message")
    await first.close()
    again = await cast.chat(cast.ada, worker=0)
    await bea.ask("publish", topic=topic, data=2)
    await barrier(bea, cast.room, second, again)
    assert second.unread() == again.unread() == []


INVALID = [
    "",
    "/",
    "/a",
    "+",
    "#",
    "+/a",
    "$SYS/a",
    "$share/a",
    "a b/c",
    "é/a",
    "{}\0",
    "{}/\0",
    "x" * 61,
]
INVALID_PATTERNS = ["{}+", "{}#", "{}/a+", "{}/#/a", "{}/a#"]


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe", "publish"])
async def test_invalid_topics(cast, action):
    ada = await cast.chat(cast.ada)
    fields = {"data": 1} if action == "publish" else {}
    wrong = [*INVALID, *INVALID_PATTERNS, "{}/" + "a" * 1000, "{}" + "/" * 128]
    if action == "publish":
        wrong += ["{}/+", "{}/#"]
    for topic in (one.format(cast.course.slug) for one in wrong):
        assert await ada.fail(action, topic=topic, **fields) == {"error_code": "invalid_topic"}
    for topic in (None, 1, ["a"]):
        found = await ada.fail(action, topic=topic, **fields)
        assert found == {"error_code": "invalid_message_format"}


@pytest.mark.parametrize("action", ["subscribe", "publish"])
async def test_a_course_of_others_and_no_course_are_alike(cast, action):
    ada, zoe = await cast.chat(cast.ada, cast.zoe)
    fields = {"data": 1} if action == "publish" else {}
    for client, slug in (
        (ada, cast.other_course.slug),
        (ada, "no-such-course"),
        (zoe, cast.course.slug),
        (zoe, "no-such-course"),
    ):
        frame = await client.command(action, topic=f"{slug}/a", **fields)
        assert frame["error_message"] == "You are not enrolled in this course."
        assert refusal(frame) == {"error_code": "permission_denied"}


async def test_commands_are_strict(cast):
    ada = await cast.chat(cast.ada)
    topic, malformed = cast.course.slug, {"error_code": "invalid_message_format"}
    assert await ada.fail("publish", topic=topic) == malformed
    assert await ada.fail("publish", data=1) == malformed
    assert await ada.fail("publish", topic=topic, data=1, **{"from": "bea"}) == malformed
    assert await ada.fail("subscribe") == malformed
    assert await ada.fail("subscribe", topic=topic, qos=1) == malformed
    assert await ada.fail("send_to", data=1) == malformed
    assert await ada.fail("send_to", conn_id="x") == malformed
    assert await ada.fail("send_to", conn_id=1, data=1) == malformed
    assert await ada.fail("send_to", conn_id=[1], data=1) == malformed
    assert await ada.fail("send_to", conn_id=["x"] * 101, data=1) == malformed
    assert await ada.fail("send_to", conn_id="x" * 65, data=1) == malformed


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("subscribe", {"topic": "a"}),
        ("unsubscribe", {"topic": "a"}),
        ("publish", {"topic": "a", "data": 1}),
        ("send_to", {"conn_id": "x", "data": 1}),
    ],
)
async def test_one_must_be_authenticated(cast, action, fields):
    client = await cast.connect("/ws/chat/")
    assert await client.fail(action, **fields) == {"error_code": "authentication_required"}


async def test_subscriptions_of_a_socket_are_bounded(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    slug = cast.course.slug
    for name in [await ada.post("subscribe", topic=f"{slug}/{number}") for number in range(200)]:
        assert (await ada.reply(name, "subscribe"))["status"] == "success"
    frame = await ada.command("subscribe", topic=f"{slug}/200")
    assert frame["error_message"] == "A socket can have at most 200 subscriptions."
    assert refusal(frame) == {"error_code": "permission_denied"}
    # Subscribing again to a topic does not count.
    await ada.ask("subscribe", topic=f"{slug}/7")
    await ada.ask("unsubscribe", topic=f"{slug}/0")
    await ada.ask("subscribe", topic=f"{slug}/200")
    for number in (0, 7, 200):
        await bea.ask("publish", topic=f"{slug}/{number}", data=number)
    await barrier(bea, cast.room, ada)
    assert [event["data"] for event in ada.unread()] == [7, 200]


@database_sync_to_async
def end(course, *people):
    unenroll(course=course, users=[person.user for person in people])


@database_sync_to_async
def begin(course, *people):
    enroll(course=course, users=[person.user for person in people])


async def test_subscriptions_end_with_the_enrolment(cast):
    await begin(cast.other_course, cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    mine, other = f"{cast.course.slug}/a", f"{cast.other_course.slug}/a"
    for client in (ada, bea):
        for topic in (mine, other):
            await client.ask("subscribe", topic=topic)
    await ada.ask("publish", topic=mine, data=0)
    for client in (ada, bea):
        await client.event("topic_message", data=0)
    await end(cast.course, cast.ada)
    await ada.event("room_removed", room=cast.room)
    ada.forget()
    assert await ada.fail("publish", topic=mine, data=1) == {"error_code": "permission_denied"}
    assert await ada.fail("subscribe", topic=mine) == {"error_code": "permission_denied"}
    await bea.ask("publish", topic=mine, data=2)
    await bea.event("topic_message", data=2)
    # The other course is as it was, and what was published before has been delivered.
    await bea.ask("publish", topic=other, data=3)
    assert (await ada.event("topic_message"))["data"] == 3
    await ada.ask("publish", topic=other, data=4)
    for client in (ada, bea):
        await client.event("topic_message", topic=other, data=4)
    assert ada.unread() == []
    # Enrolled again one may subscribe again; the former subscription is gone.
    await begin(cast.course, cast.ada)
    await ada.event("room_added", room=cast.room)
    await bea.ask("publish", topic=mine, data=5)
    await ada.ask("subscribe", topic=mine)
    await bea.ask("publish", topic=mine, data=6)
    assert (await ada.event("topic_message"))["data"] == 6


async def test_one_enrolled_after_connecting_may_use_topics(cast):
    """The socket also hears of the end of the enrolment, although it is the course's only one."""
    zoe = await cast.chat(cast.zoe)
    topic = f"{cast.other_course.slug}/a"
    assert await zoe.fail("subscribe", topic=topic) == {"error_code": "permission_denied"}
    await begin(cast.other_course, cast.zoe)
    await zoe.ask("subscribe", topic=topic)
    await zoe.ask("publish", topic=topic, data=1)
    assert (await zoe.event("topic_message"))["data"] == 1
    await end(cast.other_course, cast.zoe)

    frame = {"status": "success"}
    async with asyncio.timeout(patient(10)):
        while frame["status"] == "success" or frame["error_code"] == "rate_limited":
            frame = await zoe.command("publish", topic=topic, data=2)
    assert refusal(frame) == {"error_code": "permission_denied"}


async def test_publishing_is_bounded_by_a_rate(cast):
    carl, other = await cast.chat(cast.carl, cast.carl, worker=0)
    slug = cast.course.slug
    replies = []
    for client in (carl, other):
        posted = [await client.post("publish", topic=slug, data=1) for _ in range(80)]
        replies += [await client.reply(name, "publish") for name in posted]
    refused = [one for one in replies if one["status"] == "error"]
    # 100 at once and 20 a second.
    assert 20 <= len(refused) <= 60
    assert {one["error_code"] for one in refused} == {"rate_limited"}
    assert all(0 < one["retry_after"] <= 0.05 for one in refused)
    # The same bucket, while subscriptions have another.
    assert (await other.command("send_to", conn_id=[], data=1)).get("retry_after", 0) >= 0
    await other.ask("subscribe", topic=slug)


# --- send_to -----------------------------------------------------------------------------------


async def connected(cast, *people):
    """Chat sockets of these people, on the two workers by turns, with their ids."""
    found = []
    for person, worker in zip(people, itertools.cycle((0, 1)), strict=False):
        client = await cast.connect("/ws/chat/", token=person.token, worker=worker)
        found.append((client, (await client.event("welcome"))["conn_id"]))
    return found


async def test_send_to_one_socket(cast):
    (ada, first), (bea, _), (also_ada, _) = await connected(cast, cast.ada, cast.bea, cast.ada)
    (zoe, outside), (again, second) = await connected(cast, cast.zoe, cast.zoe)
    assert await zoe.ask("send_to", conn_id=first, data={"a": [1]}) == {}
    assert await ada.event("direct_data") == {
        "action": "direct_data",
        "data": {"a": [1]},
        "from": cast.zoe.name,
        "conn_id": outside,
    }
    # An answer; and to another worker's socket; and to oneself.
    await ada.ask("send_to", conn_id=outside, data="back")
    assert (await zoe.event("direct_data"))["data"] == "back"
    await zoe.ask("send_to", conn_id=second, data="other worker")
    await zoe.ask("send_to", conn_id=outside, data="self")
    assert (await again.event("direct_data"))["data"] == "other worker"
    assert (await zoe.event("direct_data"))["data"] == "self"
    await barrier(ada, cast.room, bea, also_ada)
    assert [client.unread() for client in (ada, bea, also_ada, zoe, again)] == [[]] * 5


async def test_send_to_many_sockets(cast):
    found = await connected(cast, cast.ada, cast.bea, cast.carl, cast.ada)
    clients, ids = zip(*found, strict=True)
    *chosen, left_out = clients
    await chosen[0].ask("send_to", conn_id=[*ids[:3], ids[0], "nobody"], data=1)
    for client in chosen:
        assert (await client.event("direct_data"))["data"] == 1
    await barrier(chosen[0], cast.room, *chosen[1:], left_out)
    assert [client.unread() for client in clients] == [[]] * 4


async def test_nothing_tells_whether_an_id_exists(cast):
    (ada, _), (bea, there) = await connected(cast, cast.ada, cast.bea)
    gone = "00000000-0000-4000-8000-000000000000"
    frames = [
        await ada.command("send_to", uuid="same", conn_id=to, data=1)
        for to in (there, gone, there.upper(), "", "\0", [], [gone], [gone] * 100)
    ]
    assert frames == [{"uuid": "same", "action": "send_to", "status": "success"}] * len(frames)
    await bea.event("direct_data")
    await bea.close()
    await ada.ask("send_to", conn_id=there, data=1)
    assert await ada.settled() == []


async def test_send_to_reaches_an_instructors_socket(cast):
    (ada, _), (_, _) = await connected(cast, cast.ada, cast.bea)
    dashboard = await cast.connect(
        f"/ws/instructor/{cast.course.slug}/", token=cast.ines.token, worker=1
    )
    its = (await dashboard.event("welcome"))["conn_id"]
    await ada.ask("send_to", conn_id=its, data=json.loads("[[]]"))
    assert (await dashboard.event("direct_data"))["from"] == cast.ada.name
