"""/healthz and /readyz, with everything there and with parts of it gone."""

import asyncio
import json
import os
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.pace import patient
from tests.running import environment
from tests.servers import Redis


def get(url: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(url, timeout=patient(20)) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


READY = (200, {"status": "ok", "database": "ok", "channel_layer": "ok"})


def test_healthz(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_readyz(client, transactional_db):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == READY


def test_only_reading_is_allowed(client):
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


def test_tls_is_not_demanded_of_machines_next_door(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301


@pytest.fixture
def short(tmp_path_factory):
    """A folder with a path short enough for a Unix socket."""
    folder = Path("/tmp") / f"peerchat-{os.getpid()}-redis"
    folder.mkdir()
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_redis_gone_and_back(site, short):
    with Redis(short) as redis:
        running = site(env=environment(REDIS_URL=redis.url))
        assert get(f"{running.url}readyz") == READY
        redis.stop()
        status, body = get(f"{running.url}readyz")
        assert (status, body["status"]) == (503, "unavailable")
        assert (body["database"], body["channel_layer"]) == ("ok", "failed")
        assert get(f"{running.url}healthz")[0] == 200
        redis.start()
        assert get_until_ready(running.url)


def test_redis_that_hangs_does_not_hang_the_answer(site, short):
    with Redis(short) as redis:
        running = site(env=environment(REDIS_URL=redis.url))
        assert get(f"{running.url}readyz") == READY
        os.kill(redis.process.pid, signal.SIGSTOP)
        try:
            assert get(f"{running.url}readyz")[1]["channel_layer"] == "failed"
            assert get(f"{running.url}healthz")[0] == 200
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)
        assert get_until_ready(running.url)


def unanswered(port: int) -> dict[str, str]:
    url = f"postgres://u@127.0.0.1:{port}/n"
    return environment(DATABASE_URL=url, DATABASE_POOL_TIMEOUT="0.5")


def test_database_gone(site):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        port = nobody.getsockname()[1]
        running = site(env=unanswered(port))
        status, body = get(f"{running.url}readyz")
    assert (status, body["database"], body["channel_layer"]) == (503, "failed", "ok")


def test_database_that_hangs_does_not_hang_the_answer(site):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        running = site(env=unanswered(port))
        assert get(f"{running.url}readyz")[1]["database"] == "failed"
        assert get(f"{running.url}healthz")[0] == 200


async def test_sockets_with_credentials_are_told_to_come_back(site):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        env = unanswered(nobody.getsockname()[1])
        running = await asyncio.to_thread(lambda: site(env=env))
        for headers in ({"Authorization": "Bearer pc_some"}, {"Cookie": f"sessionid={'s' * 32}"}):
            url = f"{running.socket_url}/ws/chat/"
            async with connect(url, additional_headers=headers, proxy=None) as refused:
                await refused.wait_closed()
            assert refused.close_code == 4503
    assert "Traceback" not in running.log.read_text()


def get_until_ready(url: str) -> bool:
    """Each question takes its time, so a few are enough."""
    return any(get(f"{url}readyz") == READY for _ in range(10))
