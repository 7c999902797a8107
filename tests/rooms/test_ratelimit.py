"""The rate limits of a user, over the socket and over HTTP together."""

import asyncio
import re
import time

import pytest
from django.conf import settings

from accounts.models import User
from rooms import ratelimit
from rooms.ratelimit import Limit
from rooms.wire.errors import RateLimited
from tests.rooms.api.wire import Wire


def test_a_refusal_tells_how_long_and_waiting_so_long_is_enough():
    limit = Limit(lambda: (7.0, 1))
    limit.take("ada")
    with pytest.raises(RateLimited) as refused:
        limit.take("ada")
    # The wait is rounded up, so that a client that waits so long does not come too early.
    left = refused.value.extra["retry_after"]
    assert 0 < left <= 1 / 7 + 0.01
    assert re.fullmatch(r"Too fast: try again in 0\.\d+ s\.", refused.value.message)


def test_each_limit_has_the_size_that_the_settings_say(monkeypatch):
    for limit, name in ((ratelimit.messages, "MESSAGE"), (ratelimit.votes, "VOTE")):
        monkeypatch.setitem(settings.PEERCHAT, f"{name}_BURST", 2)
        monkeypatch.setitem(settings.PEERCHAT, f"{name}_RATE", 0.001)
        limit.take(1)
        limit.take(1)
        with pytest.raises(RateLimited):
            limit.take(1)
        limit.take(2)


async def test_messages_over_the_socket_and_over_http_count_together(cast):
    # All sockets are at one worker, as each worker counts for itself.
    ada, bea = await cast.chat(cast.ada, cast.bea, worker=0)
    wire = Wire(cast.hall)
    burst, began = settings.PEERCHAT["MESSAGE_BURST"], time.monotonic()
    names = [
        await ada.post("new_message", room=cast.room, text=f"{number}") for number in range(burst)
    ]
    for name in names:
        assert (await ada.reply(name, "new_message"))["status"] == "success"
    path = f"rooms/{cast.room}/messages/"
    answers = [
        await wire.post(path, cast.ada, {"uuid": f"h{number}", "text": "by HTTP"}, worker=0)
        for number in range(15)
    ]
    refused = [answer for answer in answers if answer.status == 429]
    # Only the tokens that came back meanwhile were spent: one or two on a usual machine.
    meanwhile = settings.PEERCHAT["MESSAGE_RATE"] * (time.monotonic() - began)
    assert len(answers) - len(refused) <= meanwhile + 1
    assert {answer.body["error_code"] for answer in refused} <= {"rate_limited"}
    assert {answer.headers["Retry-After"] for answer in refused} <= {"1"}
    # Nobody else is slowed down.
    assert (await bea.command("new_message", room=cast.room, text="hello"))["status"] == "success"


async def test_votes_over_http_and_over_the_socket_count_together(cast):
    ada = await cast.chat(cast.ada, worker=0)
    wire = Wire(cast.hall)
    path = f"courses/{cast.course.slug}/vote/"
    for _ in range(settings.PEERCHAT["VOTE_BURST"]):
        vote = {"choice": "A"}
        assert (await wire.post(path, cast.ada, vote, worker=0)).status == 409  # no round is open
    names = [await ada.post("vote", course=cast.course.slug, choice="A") for _ in range(30)]
    codes = [(await ada.reply(name, "vote"))["error_code"] for name in names]
    assert set(codes) <= {"rate_limited", "round_closed"}
    assert codes.count("rate_limited") >= 5


async def test_a_class_behind_one_address_logs_in_at_once_with_its_slips(cast):
    people = [User(username=f"student{number}-{cast.tag}") for number in range(100)]
    for person in people:
        person.set_password("correct horse")
    User.objects.bulk_create(people)
    wire = Wire(cast.hall)

    async def log_in(person):
        body = {"username": person.username, "password": "wrong horse"}
        assert (await wire.post("tokens/", body=body)).status == 401
        token = (await wire.post("tokens/", body={**body, "password": "correct horse"})).body
        courses = {"Authorization": f"Bearer {token['token']}"}
        return (await wire.get("courses/", headers=courses)).status

    assert set(await asyncio.gather(*map(log_in, people))) == {200}
