"""Clients that have come and gone leave nothing in a worker: a test by exact counts.

`python -m tests.fuzz.memory` does the same for longer and looks at the memory as well.
"""

import asyncio
import time

import pytest

from tests.fuzz.figures import grown, probed_environment, read
from tests.fuzz.memory import LIMITS, make_traffic
from tests.pace import patient
from tests.running import Site
from tests.servers import own_redis

WITHIN = patient(30.0)


@pytest.fixture
def worn(django_db_setup, django_db_blocker, tmp_path):
    """Yield a site with one worker, and traffic for it."""
    with (
        django_db_blocker.unblock(),
        own_redis() as redis,
    ):
        env = probed_environment(tmp_path, REDIS_URL=redis.url, **LIMITS)
        with Site(tmp_path, env=env) as site:
            yield site, make_traffic(site, people=20)
            log = site.log.read_text()
            assert "Traceback" not in log, log[-5000:]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_nothing_stays_of_who_has_gone(worn, tmp_path):
    site, traffic = worn

    async def wear():
        await traffic.visits(400)
        await traffic.messages(400)

    # The first round creates what is created only once: threads, pools, caches.
    asyncio.run(wear())
    before = settled(site, tmp_path)
    asyncio.run(wear())
    asyncio.run(wear())
    deadline = time.monotonic() + WITHIN
    while left := grown(before, settled(site, tmp_path)):
        assert time.monotonic() < deadline, left


@pytest.mark.long
def test_an_open_socket_keeps_nothing_of_its_handshake(worn, tmp_path):
    site, traffic = worn

    async def with_sockets():
        sockets = await traffic.arrive()
        figures = await asyncio.to_thread(settled, site, tmp_path)
        for socket in sockets:
            socket.connection.abort()
        return len(sockets), figures.instances

    number, kinds = asyncio.run(with_sockets())
    assert kinds["peerchat.server.websocket.WebSocketProtocol"] == number
    for kind in ("peerchat.server.requests.WebRequest", "peerchat.server.draining.HTTPConnection"):
        assert kinds.get(kind, 0) == 0


def settled(site, folder):
    """Return the figures once they do not change any more."""
    figures = read(site, folder)
    for _ in range(10):
        time.sleep(1)
        figures, last = read(site, folder), figures
        if (figures.held, figures.instances) == (last.held, last.instances):
            break
    return figures
