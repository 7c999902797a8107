"""Partners whose connection dies silently: those left alone get others, and they may come back."""

import asyncio
import contextlib
import os
import signal
import time
import urllib.request
from collections import defaultdict
from urllib.parse import urlencode

import pytest

from rooms.models import Connection, Partner
from tests.client import Client
from tests.pace import patient
from tests.rooms.cast import Hall, eventually, online
from tests.rooms.process.test_silent import StallingProxy
from tests.running import Site, environment

SHORTER = {"PARTNER_GONE_AFTER": "4", "POLL_LINGER": "4"}
"""Seconds, in place of 10. The pings that find dead sockets have their usual interval."""


@pytest.fixture(scope="module")
def hall(django_db_setup, tmp_path_factory):
    """A site whose workers can be killed, in place of the shared one."""
    folder = tmp_path_factory.mktemp("lonely")
    with Site(folder, workers=2, env=environment(**SHORTER)) as site:
        yield Hall(site)


@pytest.fixture
def site(hall):
    return hall.site


@pytest.fixture
async def proxy(site):
    proxy = StallingProxy(site)
    proxy.url = await proxy.open()
    yield proxy
    await proxy.close()


@pytest.fixture
async def exits():
    async with contextlib.AsyncExitStack() as exits:
        yield exits


class Class:
    """Four students who discuss in pairs; the last one's partner is the first."""

    def __init__(self, site, cast, exits):
        self.site, self.cast, self._exits = site, cast, exits
        self.people = [cast.student(f"s{number}") for number in range(4)]

    async def enter(self, person, *, url=None, path="/ws/chat/"):
        client = await Client.open(f"{url or self.site.socket_url}{path}", token=person.token)
        self._exits.push_async_callback(client.close)
        welcome = await client.event("welcome")
        if path == "/ws/chat/":
            await online(welcome["conn_id"])
        return client

    async def begin(self):
        """Make partners of those who are online, and let them talk."""
        ines = await self.enter(self.cast.ines, path=f"/ws/instructor/{self.cast.course.slug}/")
        await ines.ask("start_question", question="force")
        await ines.ask("stop_vote")
        await ines.ask("make_partners")
        await ines.ask("enable_chat")
        return ines

    def groups(self):
        """The numbers of the students in each group."""
        places = Partner.objects.filter(round__session__course=self.cast.course)
        numbers = {person.user.pk: number for number, person in enumerate(self.people)}
        found = defaultdict(set)
        for group, user in places.values_list("group", "user"):
            found[group].add(numbers[user])
        return list(found.values())

    def partners_of(self, number):
        """The numbers of those in the group of a student."""
        [group] = [group for group in self.groups() if number in group]
        return group - {number}


@pytest.fixture
def class_(site, cast, exits):
    return Class(site, cast, exits)


async def test_whose_partner_is_lost_silently_is_put_with_others(class_, proxy):
    clients = [await class_.enter(person) for person in class_.people[:3]]
    lost = await class_.enter(class_.people[3], url=proxy.url)
    await class_.begin()
    [alone] = class_.partners_of(3)
    others = {0, 1, 2} - {alone}
    row = await Connection.objects.aget(user=class_.people[3].user, closed_at=None)
    proxy.die()
    # The partner is told of the loss, and gets other partners.
    await clients[alone].event("presence", room=class_.cast.room, left=[class_.people[3].name])
    await eventually(lambda: class_.partners_of(alone) == others)
    await eventually(
        Connection.objects.filter(pk=row.pk, closed_at=None).exclude(silent_since=None).exists
    )
    # A student who is heard from again counts as online at once, and has partners.
    proxy.revive()
    event = await clients[alone].event(
        "presence", room=class_.cast.room, joined=[class_.people[3].name]
    )
    assert event["online"] == 4
    await eventually(lambda: len(class_.partners_of(3)) > 0)
    await row.arefresh_from_db()
    assert (row.silent_since, row.closed_at) == (None, None)
    assert lost.socket.close_code is None
    await lost.ask("ping")


async def test_who_answers_only_pings_is_company(class_):
    """Four students who write nothing stay with their partners."""
    clients = [await class_.enter(person) for person in class_.people]
    await class_.begin()
    before = class_.groups()
    heard = Connection.objects.filter(user__in=[p.user for p in class_.people], silent_since=None)
    for _ in range(3):
        # A late student gets a seat, so the worker has checked the groups of the others.
        late = class_.cast.student(f"late{_}")
        class_.people.append(late)
        await (await class_.enter(late)).event("partners")
        await asyncio.sleep(2)
    assert heard.filter(closed_at=None).count() >= 4
    assert all(group & {0, 1, 2, 3} in before for group in class_.groups())
    assert all(client.socket.close_code is None for client in clients)


async def test_whose_partner_is_at_a_worker_that_died_is_put_with_others(class_):
    one, other = sorted(class_.site.workers())

    async def enter_at(worker, person):
        stopped = other if worker == one else one
        os.kill(stopped, signal.SIGSTOP)
        try:
            return await class_.enter(person)
        finally:
            os.kill(stopped, signal.SIGCONT)

    clients = [await enter_at(one, person) for person in class_.people[:3]]
    await enter_at(other, class_.people[3])
    await class_.begin()
    [alone] = class_.partners_of(3)
    os.kill(other, signal.SIGKILL)
    await eventually(lambda: class_.partners_of(alone) == {0, 1, 2} - {alone}, within=patient(30))
    event = await clients[alone].event(
        "presence", room=class_.cast.room, left=[class_.people[3].name]
    )
    assert event["online"] == 3
    # The site is whole again for the next test.
    await eventually(lambda: len(class_.site.workers()) == 2)


@pytest.mark.long
async def test_whose_partner_polled_and_is_lost_is_put_with_others(class_):
    for person in class_.people[:3]:
        await class_.enter(person)
    lost = class_.people[3]
    query = urlencode({"after": 100, "wait": 25})
    request = urllib.request.Request(
        f"{class_.site.origin}/api/rooms/{class_.cast.room}/messages/?{query}",
        headers={"Authorization": f"Bearer {lost.token}"},
    )

    def poll():
        with urllib.request.urlopen(request, timeout=patient(60)) as response:
            return response.status

    # The client sends no further request after this one is answered.
    polling = asyncio.create_task(asyncio.to_thread(poll))
    await eventually(Connection.objects.filter(user=lost.user, closed_at=None).exists)
    await class_.begin()
    [alone] = class_.partners_of(3)
    began = time.monotonic()
    await eventually(lambda: class_.partners_of(alone) == {0, 1, 2} - {alone}, within=patient(30))
    assert time.monotonic() - began < patient(25)
    assert await polling == 200
