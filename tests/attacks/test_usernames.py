"""Attempts to find out who has an account, without having one or from within a course."""

import re
import uuid

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from accounts import lockout
from accounts.models import User
from tests.attacks.commands import CHAT, fields, names
from tests.rooms.cast import make_person
from tests.rooms.lesson import lead

PASSWORD = "correct horse"
WAYS = ("/accounts/login/", "/admin/login/", "/api/tokens/")


class Counting(PBKDF2PasswordHasher):
    """A hasher that counts its hashes, which take the time that an attacker could measure."""

    algorithm = "counting"
    iterations = 2
    computed = 0

    def encode(self, password, salt, iterations=None):
        Counting.computed += 1
        return super().encode(password, salt, iterations)


# The owners of the tried usernames: one who is there; nobody; one who may not log in any more;
# one who logs in by other ways only; one whose username differs in case, and counts as the same.
WHOSE = ("there", "nobody", "inactive", "without", "OTHER")


def make_accounts(prefix=""):
    for name in ("there", "other"):
        User.objects.create_user(f"{prefix}{name}", password=PASSWORD)
    User.objects.create_user(f"{prefix}inactive", password=PASSWORD, is_active=False)
    User.objects.create_user(f"{prefix}without", password=None)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("password", ["wrong", "x" * 4096])
def test_the_same_work_is_done_for_whoever_it_is(transactional_db, settings, way, password):
    """One hash is computed, whether or not there is one to compare with."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    make_accounts()
    lockout.guesses.cache_clear()
    done = {}
    for username in WHOSE:
        Counting.computed = 0
        given = {"username": username, "password": password}
        kind = {"content_type": "application/json"} if way.startswith("/api/") else {}
        response = Client().post(way, given, **kind)
        assert response.status_code in (200, 401)
        done[username] = Counting.computed
    assert done == dict.fromkeys(WHOSE, 1)


def without_what_was_typed(answer, username):
    text = answer.text.replace(username, "(typed)")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"| nonce="[^"]*"', "", text)


@pytest.mark.parametrize("way", WAYS)
async def test_the_answers_are_the_same_for_whoever_it_is(cast, visit, way):
    """The answers are the same at every attempt, also after the lockout."""
    prefix = f"{cast.tag}-{way.split('/')[1]}-"
    make_accounts(prefix)
    answers = {}
    for whose in WHOSE:
        seen = []
        username = prefix + whose
        visitor = visit()
        for _ in range(14):
            given = {"username": username, "password": "wrong"}
            if way.startswith("/api/"):
                answer = await visitor.send("POST", way, body=given)
            else:
                answer = await visitor.send("POST", way, form=given, csrf=True)
            told = without_what_was_typed(answer, username)
            # The time to wait depends on the time of the request.
            told = re.sub(
                r"\d+(\.\d+)? (s\b|seconds?|minutes?)|retry_after\":[\d.]+", "(time)", told
            )
            headers = sorted({name.lower() for name in answer.headers} - {"date"})
            cookies = re.findall(r"^(\w+)=", answer.headers["Set-Cookie"] or "")
            seen.append((answer.status, told, headers, cookies))
        answers[whose] = seen
    for whose in WHOSE:
        assert answers[whose] == answers["there"], whose
    # The first answers say that the password was wrong, the last ones to wait.
    statuses = [status for status, *_ in answers["there"]]
    assert (statuses[0], statuses[-1]) == (401 if way.startswith("/api/") else 200, 429)


async def test_who_may_not_log_in_is_told_no_more_than_others(cast, visit):
    """This holds for the right password of an inactive user, and in the admin for non-staff."""
    prefix = f"{cast.tag}-right-"
    make_accounts(prefix)
    visitor = visit()
    for way, whose in (
        ("/accounts/login/", "inactive"),
        ("/admin/login/", "inactive"),
        ("/admin/login/", "there"),
    ):
        told = []
        for username, password in ((prefix + whose, PASSWORD), (prefix + "nobody", "wrong")):
            form = {"username": username, "password": password}
            answer = await visitor.send("POST", way, form=form, csrf=True)
            told.append((answer.status, without_what_was_typed(answer, username)))
        assert told[0] == told[1]
    body = {"username": f"{prefix}inactive", "password": PASSWORD}
    answer = await visitor.send("POST", "/api/tokens/", body=body)
    assert (answer.status, answer.body["error_code"]) == (401, "authentication_required")


@pytest.fixture
async def names_(cast):
    """Return usernames: of people elsewhere, of an inactive user, of ada in capitals, of nobody."""
    gone = make_person(f"gone-{cast.tag}", "Gone")
    gone.user.is_active = False
    gone.user.save()
    return [f"nobody-{cast.tag}", cast.ivan.name, cast.zoe.name, gone.name, f"ADA-{cast.tag}", "@"]


def told(frame_or_body, name):
    frame = {key: value for key, value in frame_or_body.items() if key != "uuid"}
    return str(frame).replace(name, "(name)")


async def test_writing_to_people_one_shares_no_course_with(cast, names_, visit):
    """It fails by the socket and over HTTP, and the named person is told nothing of it."""
    ada, zoe = await cast.chat(cast.ada), await cast.chat(cast.zoe)
    zoe.forget()
    over_socket, over_http = set(), set()
    for name in names_:
        reply = await ada.command("private_message", to=name, text="hello")
        assert reply["error_code"] == "permission_denied"
        over_socket.add(told(reply, name))
        path, body = f"/api/direct/{name}/messages/", {"text": "hello"}
        answer = await visit().send("POST", path, body=body, token=cast.ada.token)
        assert answer.status == 403
        over_http.add(told(answer.body, name))
    assert len(over_socket) == len(over_http) == 1
    await zoe.settled()
    assert zoe.unread() == []


async def test_what_an_instructor_says_of_people_of_other_courses(cast, names_, visit):
    """An instructor can do nothing to people of other courses, nor tell whether they exist."""
    board = await cast.dashboard()
    chats = await cast.chat(cast.ada, cast.bea)
    await lead(board, "vote_closed", groups=True)
    moved, muted, unmuted = set(), set(), set()
    for name in [*names_, cast.tess.name]:
        reply = await board.command("move_student", username=name, group=1)
        assert reply["status"] == "error"
        moved.add(told(reply, name))
        path = f"/api/courses/{cast.course.slug}/mutes/"
        body = {"username": name, "seconds": 60}
        answer = await visit().send("POST", path, body=body, token=cast.ines.token)
        assert answer.status == 400
        muted.add(told(answer.body, name))
        answer = await visit().send("DELETE", f"{path}{name}/", token=cast.ines.token)
        assert answer.status == 400
        unmuted.add(told(answer.body, name))
    assert len(moved) == len(muted) == len(unmuted) == 1
    for chat in chats:
        await chat.settled()


async def test_partners_that_are_none(cast, names_, visit):
    """The producer does not tell whether the named person exists."""
    answers = set()
    for name in [*names_, cast.carl.name]:
        body = {
            "type": "text",
            "message": "hello",
            "course_name": cast.course.slug,
            "div_id": "",
            "to": name,
        }
        answer = await visit().send("POST", "/api/peer/messages/", body=body, token=cast.ada.token)
        assert answer.status == 409
        answers.add(told(answer.body, name))
    assert len(answers) == 1


async def test_nobody_lists_people_of_rooms_they_are_not_in(cast, visit):
    """A user learns only of people with whom they share a room."""
    room = cast.open_room(cast.ada, cast.bea)
    zoe = await cast.chat(cast.zoe)
    texts = []
    for action, kind in CHAT.items():
        if action in ("authenticate", "send_to", "publish"):
            continue
        given = {"room": str(room.id), "rooms": {str(room.id): 0}, "course": cast.course.slug}
        sent = await zoe.post(
            action, **fields(kind, to=cast.ada.name, topic=f"{cast.course.slug}/a", **given)
        )
        assert names(kind)
        texts.append(str(await zoe.take(lambda f, sent=sent: f.get("uuid") == sent, action)))
    answer = await visit().get(f"/api/rooms/{room.id}/users/", token=cast.zoe.token)
    texts.append(answer.text)
    answer = await visit().get("/api/search/?q=ada", token=cast.zoe.token)
    texts.append(answer.text)
    for person in (cast.ada, cast.bea, cast.ines):
        assert not [text for text in texts if person.name in text]


async def test_a_socket_does_not_tell_who_has_which_id(cast):
    """The reply is the same for a socket that exists and for one that does not."""
    ada, bea = await cast.connect("/ws/chat/", token=cast.ada.token), await cast.chat(cast.bea)
    there = (await ada.event("welcome"))["conn_id"]
    replies = []
    for conn_id in (there, str(uuid.uuid4()), "nobody", [there, "nobody"], []):
        reply = await bea.command("send_to", conn_id=conn_id, data=1)
        del reply["uuid"]
        replies.append(reply)
    assert replies == [{"action": "send_to", "status": "success"}] * 5


def test_no_way_to_log_in_is_left_out():
    """A new backend fails here until somebody has checked it."""
    assert settings.AUTHENTICATION_BACKENDS == [
        "accounts.lockout.Backend",
        "django.contrib.auth.backends.ModelBackend",
    ]
