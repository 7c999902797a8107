"""The limit on the sockets of a user: one too many closes the oldest."""

import contextlib
import sys

import pytest

from rooms.models import Connection
from tests.client import Client
from tests.rooms.cast import Hall, eventually
from tests.running import Site, environment

MOST = 3


@pytest.fixture(scope="module")
def small_hall(django_db_setup, tmp_path_factory):
    """A site of two workers where a user may have few sockets."""
    few = environment(SOCKETS_PER_USER=str(MOST))
    with Site(tmp_path_factory.mktemp("few"), workers=2, env=few) as site:
        yield Hall(site)


@pytest.fixture
async def come(small_hall):
    """A function that opens a socket at a worker, 0 or 1."""
    async with contextlib.AsyncExitStack() as exits:

        async def connect(person, path="/ws/chat/", *, worker=0, **given):
            given = given or {"token": person.token}
            async with small_hall.only(worker):
                client = await Client.open(f"{small_hall.site.socket_url}{path}", **given)
            exits.push_async_callback(client.close)
            return client

        yield connect
        # Shown where the test failed.
        sys.stdout.write(small_hall.site.log.read_text())


async def welcomed(client):
    """Return the socket's id once the socket counts as open."""
    conn_id = (await client.event("welcome"))["conn_id"]
    await eventually(Connection.objects.filter(id=conn_id).first)


async def test_the_oldest_of_too_many_at_a_worker_is_closed(cast, come):
    sockets = [await come(cast.ada) for _ in range(MOST + 2)]
    assert [await one.closed() for one in sockets[:2]] == [4429, 4429]
    for one in sockets[2:]:
        await one.ask("ping")
    bea = await come(cast.bea)
    await bea.event("welcome")
    await bea.ask("ping")


async def test_sockets_of_all_kinds_count_at_a_worker(cast, come):
    chat = await come(cast.ines)
    await chat.event("welcome")
    dashboard = await come(cast.ines, f"/ws/instructor/{cast.course.slug}/")
    await dashboard.event("welcome")
    feeds = [await come(cast.ines, "/ws/feed/x/") for _ in range(MOST)]
    assert await chat.closed() == 4429
    assert await dashboard.closed() == 4429
    for feed in feeds:
        await feed.event("feed_welcome")


async def test_one_that_authenticates_later_counts_as_well(cast, come):
    early = await come(cast.ada, subprotocols=["peerchat.v1"])
    sockets = [await come(cast.ada) for _ in range(MOST)]
    await early.ask("authenticate", token=cast.ada.token)
    assert await sockets[0].closed() == 4429
    await early.ask("ping")


async def test_the_oldest_of_too_many_at_all_workers_is_closed(cast, come):
    sockets = []
    for number in range(MOST + 1):
        sockets.append(await come(cast.ada, worker=number % 2))
        await welcomed(sockets[-1])
    assert await sockets[0].closed() == 4429
    for one in sockets[1:]:
        await one.ask("ping")


async def test_one_that_is_gone_leaves_its_place(cast, come):
    first = await come(cast.ada)
    await welcomed(first)
    for _ in range(3 * MOST):
        client = await come(cast.ada)
        await welcomed(client)
        await client.close()
        await eventually(
            lambda: Connection.objects.filter(user=cast.ada.user, closed_at=None).count() == 1
        )
    await first.ask("ping")


@pytest.mark.long
async def test_what_half_open_sockets_leave_behind_shuts_nobody_out(cast, come):
    # A page that reloads again and again on a bad network does so.
    left = [await come(cast.ada) for _ in range(3 * MOST)]
    for one in left:
        one.socket.transport.pause_reading()
    now = await come(cast.ada)
    await now.event("welcome")
    await now.ask("ping")
