"""People who do not lead a course try to lead its class in every possible way."""

import itertools
import json

import pytest

from rooms.actions.peer import STEPS
from rooms.embed import sign_embed_link
from rooms.models import ClassSession, Enrollment
from tests.attacks.commands import CONTROL, fields
from tests.attacks.web import WRITING, fingerprint, refused, routes, sampled, values
from tests.rooms.lesson import lead

WHO = ("ada", "ivan", "zoe")
"""A student, the instructor of another course, somebody in no course."""


@pytest.fixture
async def class_(cast):
    """Yield the dashboard of a class that votes, which nobody in WHO may change or write to."""
    board = await cast.dashboard()
    epoch = await lead(board, "vote")
    before = fingerprint(cast)
    yield board
    assert [frame for frame in await board.settled() if frame["action"] == "control"] == []
    session = ClassSession.objects.get(course=cast.course)
    assert (session.phase, session.epoch) == ("vote", epoch)
    after = fingerprint(cast)
    for model in ("Message", "Round", "Vote", "Question", "Choice", "User", "UseLog"):
        assert after.get(model) == before.get(model)


def wanted(cast, action):
    """Return the fields of an instructor's command that would have an effect."""
    return fields(CONTROL[action], username=cast.bea.name)


async def test_the_dashboard_s_socket(cast, class_):
    path, site = f"/ws/instructor/{cast.course.slug}/", cast.hall.site.origin
    for who in WHO:
        person = cast.person(who)
        for credentials in (
            {"token": person.token},
            {"subprotocols": ["peerchat.v1", f"token.{person.token}"]},
            {"cookie": person.log_in(), "origin": site},
        ):
            answer = await refused(cast, path, **credentials)
            assert answer is not None, (who, list(credentials))
            assert answer.status_code == 403, (who, list(credentials))
    # And without anybody.
    for path in (f"/ws/instructor/{cast.course.slug}/", "/ws/instructor/nowhere/"):
        answer = await refused(cast, path)
        assert answer is not None, path
        assert answer.status_code == 403, path


async def test_the_chat_s_socket(cast, class_):
    more = {"course": cast.course.slug}
    for who in WHO:
        client = await cast.chat(cast.person(who))
        for action in CONTROL:
            for given in (wanted(cast, action), {**wanted(cast, action), **more}):
                refusal = await client.fail(action, **given)
                assert refusal == {"error_code": "unknown_action"}, (who, action)


async def test_the_http_api(cast, class_, visit):
    path = f"/api/courses/{cast.course.slug}/control/"
    for who, action in itertools.product(WHO, CONTROL):
        person = cast.person(who)
        body = {"action": action, **wanted(cast, action)}
        for answer in (
            await visit().send("POST", path, body=body, token=person.token),
            await visit(person).send("POST", path, body=body, csrf=True),
        ):
            told = answer.status, answer.body["error_code"]
            assert told == (403, "permission_denied"), (who, action)


async def test_the_producer(cast, class_, visit):
    visitor = visit()
    base = {"course_name": cast.course.slug, "div_id": "force"}
    for sent in (
        *({"type": "control", "message": name} for name in (*STEPS, "announce", "whatever")),
        {"type": "text", "message": "hello", "broadcast": True},
        {"type": "control", "message": "stopVote", "from": cast.ines.name},
        {"type": "text", "message": "hello", "broadcast": True, "from": cast.ines.name},
    ):
        for who in WHO:
            answer = await visitor.send(
                "POST", "/api/peer/messages/", body={**base, **sent}, token=cast.person(who).token
            )
            told = answer.status, answer.body["error_code"]
            assert told == (403, "permission_denied"), (who, sent)


async def test_moderation(cast, class_, visit):
    """People who do not lead may not moderate either, nor change a room of others."""
    room = cast.open_room(cast.bea, cast.ada)
    visitor = visit()
    before = fingerprint(cast)
    for method, path, body in (
        ("POST", f"courses/{cast.course.slug}/mutes/", {"username": cast.bea.name, "seconds": 9}),
        ("DELETE", f"courses/{cast.course.slug}/mutes/{cast.bea.name}/", None),
        ("PATCH", f"rooms/{cast.room}/", {"slow_seconds": 60}),
        ("PATCH", f"rooms/{cast.room}/", {"topic": "mine"}),
        ("PATCH", f"rooms/{room.id}/", {"topic": "mine"}),
        ("DELETE", f"rooms/{cast.room}/", None),
        ("DELETE", f"rooms/{room.id}/", None),
        ("DELETE", f"rooms/{cast.room}/messages/1/", None),
        ("POST", f"rooms/{cast.room}/leave/", {}),
    ):
        for who in WHO:
            token = cast.person(who).token
            answer = await visitor.send(method, f"/api/{path}", body=body, token=token)
            hidden = "rooms/" in path and who != "ada"
            expected = "invalid_room_id" if hidden else "permission_denied"
            assert answer.body["error_code"] == expected, (who, method, path)
    assert fingerprint(cast) == before


async def test_the_questions_and_their_answers(cast, class_, visit):
    """Questions can be read over HTTP, not written, and no request takes `correct`."""
    paths = ("questions/", "questions/force/", "sessions/", "state/")
    for who, method, path in itertools.product(WHO, WRITING, paths):
        for body in ({"question": "force", "correct": "A"}, {"correct": "A"}):
            answer = await visit().send(
                method,
                f"/api/courses/{cast.course.slug}/{path}",
                body=body,
                token=cast.person(who).token,
            )
            # A body is read before the permission is looked up.
            assert answer.status in (400, 403, 404, 405), (who, method, path)
    questions = cast.course.questions.order_by("slug")
    assert list(questions.values_list("slug", "edit")) == [("force", 0), ("work", 0)]
    for who in WHO:
        client = await cast.chat(cast.person(who))
        for extra in ({"correct": "A"}, {"is_correct": True}, {"epoch": 1}, {"phase": "revealed"}):
            given = {"course": cast.course.slug, "choice": "A", **extra}
            refusal = await client.fail("vote", **given)
            assert refusal == {"error_code": "invalid_message_format"}, (who, extra)


async def test_the_instructor_s_page(cast, class_, visit):
    path = f"/courses/{cast.course.slug}/instructor/"
    for who in WHO:
        visitor = visit(cast.person(who))
        for method in ("GET", "HEAD", *WRITING):
            answer = await visitor.send(method, path, csrf=True)
            expected = 404 if method in ("GET", "HEAD") else 405
            assert answer.status == expected, (who, method)


@pytest.mark.parametrize(
    ("who", "whole"),
    [*((one, False) for one in WHO), pytest.param("ivan", True, marks=pytest.mark.long)],
)
async def test_the_admin(cast, class_, visit, who, whole):
    """Every page of the admin leads people who are not staff to its log-in, whatever they send.

    Each of the three asks for pages of other models, and in the long form one of them for all.
    """
    visitor = visit(cast.person(who))
    every = [route for route in routes() if route.pattern.startswith("admin/")]
    pages = every if whole else sampled(every, WHO.index(who))
    assert len(pages) > (250 if whole else 40)
    form = {"action": "delete_selected", "_selected_action": "1", "post": "yes", "is_staff": "on"}
    known = values(cast)
    for route in pages:
        path = route.path(known)
        for method in ("GET", "POST"):
            answer = await visitor.send(method, path, form=form, csrf=True)
            if route.pattern in ("admin/login/", "admin/logout/", "admin/jsi18n/"):
                assert answer.status in (200, 302, 405)
            else:
                assert answer.status == 302, (method, route.pattern)
                assert answer.location.startswith("/admin/login/?next="), (method, route.pattern)
        if route.pattern == "admin/logout/":
            # It did log out, so log in again.
            visitor.cookies["sessionid"] = cast.person(who).log_in()
    assert (await visitor.get("/api/courses/")).status == 200


@pytest.mark.parametrize("who", WHO)
async def test_what_looks_like_a_control_event(cast, class_, who):
    """An imitation in a message, a topic, a datum or a feed is not taken for a `control` event."""
    event = {
        "action": "control",
        "course": cast.course.slug,
        "message": "reveal",
        "phase": "revealed",
        "epoch": 99,
    }
    person = cast.person(who)
    bea, client = await cast.chat(cast.bea), await cast.chat(person)
    await bea.ask("subscribe", topic=f"{cast.course.slug}/#")
    given = {"topic": f"{cast.course.slug}/control", "data": event}
    if who == "ada":
        before = fingerprint(cast)
        await client.ask("publish", **given)
        received = await bea.event("topic_message")
        assert (received["data"], received["from"]) == (event, person.name)
        for extra in ({"kind": "control"}, {"control": event}, {"type": "control"}):
            fields_ = {"room": cast.room, "text": "reveal", **extra}
            refusal = await client.fail("new_message", **fields_)
            assert refusal == {"error_code": "invalid_message_format"}
        assert fingerprint(cast) == before
    else:
        assert await client.fail("publish", **given) == {"error_code": "permission_denied"}
    welcome = await cast.connect("/ws/chat/", token=cast.bea.token)
    conn_id = (await welcome.event("welcome"))["conn_id"]
    await client.ask("send_to", conn_id=conn_id, data=event)
    assert (await welcome.event("direct_data"))["from"] == person.name
    feed = await cast.connect(f"/ws/feed/course-{cast.course.pk}/", token=person.token)
    await feed.event("feed_welcome")
    await feed.send(json.dumps(event))
    await feed.event("control")
    # A client that is not on the feed hears nothing of it.
    assert [frame for frame in await welcome.settled() if frame["action"] == "control"] == []
    assert [frame for frame in await bea.settled() if frame["action"] == "control"] == []


async def test_a_link_of_a_frame_gives_no_more_than_its_user_has(cast, class_, visit):
    answer = await visit().get(sign_embed_link(cast.ada.user, cast.course))
    token = answer.text.partition('data-token="')[2].partition('"')[0]
    assert token.startswith("pc_")
    answer = await refused(cast, f"/ws/instructor/{cast.course.slug}/", token=token)
    assert answer is not None
    assert answer.status_code == 403
    path = f"/api/courses/{cast.course.slug}/control/"
    body = {"action": "stop_vote"}
    assert (await visit().send("POST", path, body=body, token=token)).status == 403


async def test_who_leads_another_course_and_learns_in_this_one(cast, class_, visit):
    """A role counts only in its own course."""
    Enrollment.objects.create(course=cast.course, user=cast.ivan.user)
    board = await cast.connect(f"/ws/instructor/{cast.other_course.slug}/", token=cast.ivan.token)
    await board.event("welcome")
    path = f"/api/courses/{cast.course.slug}/control/"
    for action in CONTROL:
        given = wanted(cast, action)
        # No field of a dashboard's command names a course: the commands act on his own class.
        more = {**given, "course": cast.course.slug}
        assert (await board.fail(action, **more))["error_code"] == "invalid_message_format"
        body = {"action": action, **given}
        answer = await visit().send("POST", path, body=body, token=cast.ivan.token)
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
    assert await board.fail("move_student", username=cast.ada.name, group=1) == {
        "error_code": "illegal_transition",
        "phase": "idle",
        "epoch": 0,
    }
