"""The API while the database or Redis is away."""

import asyncio
import http.client
import json
import tempfile
from pathlib import Path

import pytest

from tests.pace import patient
from tests.running import Site, environment, manage, read_figures
from tests.servers import Postgres, Redis


@pytest.fixture
def stores():
    """A database and a Redis that nobody else uses, on short paths as sockets need."""
    with tempfile.TemporaryDirectory(prefix="peerchat-", dir="/tmp") as folder:
        path = Path(folder)
        path.chmod(0o711)  # PostgreSQL may have to run as somebody else
        for name in ("pg", "redis", "site"):
            (path / name).mkdir()
        with Postgres(path / "pg") as postgres, Redis(path / "redis") as cache:
            yield path / "site", postgres, cache


def call(site, method, path, token, body=None):
    connection = http.client.HTTPConnection(
        site.origin.removeprefix("http://"), timeout=patient(30)
    )
    try:
        connection.request(
            method,
            f"/api/{path}",
            None if body is None else json.dumps(body),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        raw = response.read()
        return response.status, response.headers, json.loads(raw)
    finally:
        connection.close()


@pytest.mark.timeout(180)
async def test_outages(django_db_setup, stores):
    folder, postgres, cache = stores
    env = environment() | {
        "DATABASE_URL": postgres.url,
        "REDIS_URL": cache.url,
        "DATABASE_POOL_TIMEOUT": "1",
    }
    for command in (["migrate", "--verbosity=0"], ["create_demo", "--students", "1"]):
        done = await asyncio.to_thread(manage, *command, env=env)
        assert done.returncode == 0, done.stderr
    token = (await asyncio.to_thread(manage, "issue_token", "student1", env=env)).stdout.strip()
    with Site(folder, workers=1, env=env) as site:

        async def ask(method, path, body=None):
            return await asyncio.to_thread(call, site, method, path, token, body)

        _, _, courses = await ask("GET", "courses/")
        room = courses["results"][0]["room"]
        messages = f"rooms/{room}/messages/"
        sent = {"text": "hello", "uuid": "one"}

        # Redis carries only hints: without it everything goes on.
        cache.stop()
        status, _, first = await ask("POST", messages, sent)
        assert status == 201
        assert (await ask("GET", f"{messages}?after=0&wait=25"))[2]["results"] == [first]
        status, _, page = await ask("GET", f"{messages}?after=1&wait=1")
        assert (status, page["results"]) == (200, [])

        postgres.stop()
        for method, path, body in (
            ("GET", "courses/", None),
            ("GET", f"{messages}?after=1&wait=1", None),
            ("POST", messages, {"text": "again", "uuid": "two"}),
            ("POST", "tokens/", {"username": "student1", "password": "x"}),
        ):
            status, headers, answer = await ask(method, path, body)
            assert (status, answer["error_code"]) == (503, "unavailable"), (method, path)
            assert headers["Retry-After"] == "1"

        # Each failure is counted, and one line in the log.
        assert read_figures(site)[("peerchat_database_errors_total",)] >= 4
        assert "Traceback" not in site.log.read_text()

        # Nothing was kept, and the same can be sent again.
        postgres.start()
        for _ in range(100):
            status, _, second = await ask("POST", messages, {"text": "again", "uuid": "two"})
            if status != 503:
                break
            await asyncio.sleep(0.1)
        assert (status, second["seq"]) == (201, 2)
        assert (await ask("POST", messages, sent))[2] == first
        cache.start()
