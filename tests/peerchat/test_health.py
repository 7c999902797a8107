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
from django.db.migrations.recorder import MigrationRecorder
from websockets.asyncio.client import connect

from tests.pace import patient
from tests.running import environment, manage, read_figures
from tests.servers import Redis


def get(url: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(url, timeout=patient(20)) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def read(url: str, cookie: str) -> None:
    request = urllib.request.Request(url, headers={"Cookie": cookie})
    urllib.request.urlopen(request, timeout=patient(20)).close()


READY = (
    200,
    {"status": "ok", "database": "ok", "migrations": "ok", "channel_layer": "ok"},
)


def test_healthz(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_readyz(client, transactional_db):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == READY


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_by_address_is_answered(path, client, transactional_db, caplog):
    assert client.get(path, headers={"host": "192.0.2.7:8000"}).status_code == 200
    assert caplog.text == ""
    assert client.get("/accounts/login/", headers={"host": "192.0.2.7:8000"}).status_code == 400


def test_missing_migrations_are_named(client, transactional_db, caplog):
    rows = MigrationRecorder.Migration.objects.filter(app="peerchat_rooms")
    kept = list(rows)
    rows.delete()
    try:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json() == READY[1] | {"status": "unavailable", "migrations": "missing"}
        assert "peerchat_rooms.0001_initial and" in caplog.text
        assert "more: run manage.py migrate" in caplog.text
    finally:
        rows.bulk_create(kept)
    assert client.get("/readyz").json() == READY[1]


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


def test_redis_that_hangs_or_is_gone_and_is_back(site, short):
    with Redis(short) as redis:
        running = site(env=environment(REDIS_URL=redis.url))
        assert get(f"{running.url}readyz") == READY
        # One that hangs does not hang the answer.
        os.kill(redis.process.pid, signal.SIGSTOP)
        try:
            assert get(f"{running.url}readyz")[1]["channel_layer"] == "failed"
            assert get(f"{running.url}healthz")[0] == 200
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)
        assert get_until_ready(running.url)
        redis.stop()
        status, body = get(f"{running.url}readyz")
        assert (status, body["status"]) == (503, "unavailable")
        assert (body["database"], body["channel_layer"]) == ("ok", "failed")
        assert get(f"{running.url}healthz")[0] == 200
        redis.start()
        assert get_until_ready(running.url)
    log = running.log.read_text()
    assert "Not ready: the channel layer failed: Error" in log
    assert "Traceback" not in log


def unanswered(port: int) -> dict[str, str]:
    url = f"postgres://u@127.0.0.1:{port}/n"
    return environment(DATABASE_URL=url, DATABASE_POOL_TIMEOUT="0.5")


async def test_database_gone(site):
    """Nobody answers at its address, and later somebody who says nothing."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        env = unanswered(nobody.getsockname()[1])
        running = await asyncio.to_thread(lambda: site(env=env))
        await asyncio.to_thread(an_outage_is_reported, running)
        await sockets_with_credentials_are_told_to_come_back(running)
        done = await asyncio.to_thread(lambda: manage("migrate", env=env))
        nobody.listen()
        await asyncio.to_thread(one_that_hangs_does_not_hang_the_answer, running)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("The database of DATABASE_URL cannot be used: ")
    log = running.log.read_text()
    assert "Traceback" not in log
    assert "Cannot read the database: connection failed" in log
    assert "Service Unavailable: /: couldn't get a connection" in log


def an_outage_is_reported(running):
    """Check what a probe and a page say, and that the failures of both are counted."""
    status, body = get(f"{running.url}readyz")
    with pytest.raises(urllib.error.HTTPError) as refused:
        read(f"{running.url}", "sessionid=" + "s" * 32)
    with refused.value as error:
        assert (error.code, error.headers["Retry-After"]) == (503, "5")
        assert "Back in a moment" in error.read().decode()
    assert read_figures(running)[("peerchat_database_errors_total",)] >= 2
    assert body == {
        "status": "unavailable",
        "database": "failed",
        "migrations": "unknown",
        "channel_layer": "ok",
    }
    assert status == 503


async def sockets_with_credentials_are_told_to_come_back(running):
    """Check that a socket whose credentials cannot be looked up is closed for a while."""
    for headers in ({"Authorization": "Bearer pc_some"}, {"Cookie": f"sessionid={'s' * 32}"}):
        url = f"{running.socket_url}/ws/chat/"
        async with connect(url, additional_headers=headers, proxy=None) as refused:
            await refused.wait_closed()
        assert refused.close_code == 4503, headers


def one_that_hangs_does_not_hang_the_answer(running):
    """Check both probes while the database takes connections and answers nothing."""
    assert get(f"{running.url}readyz")[1]["database"] == "failed"
    assert get(f"{running.url}healthz")[0] == 200


def get_until_ready(url: str) -> bool:
    """Ask until the site is ready. Each request takes long, so a few are enough."""
    return any(get(f"{url}readyz") == READY for _ in range(10))
