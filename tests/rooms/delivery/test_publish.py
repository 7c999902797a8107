"""Publishing: entries travel together and in order, also from processes without sockets."""

import asyncio

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction

from rooms import metrics
from rooms.delivery import names, notices, publish
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Join, Passing, Stored
from rooms.delivery.publish import Outgoing
from tests.pace import patient
from tests.rooms.cast import eventually, in_thread
from tests.rooms.delivery.test_hub import GROUP, OTHER, ROOM, Database, Socket, frame, sent

ELSEWHERE = names.course(2)


class Breakable(InMemoryChannelLayer):
    """A channel layer that takes nothing while it is away, and may be slow to say so."""

    away = False

    def __init__(self, **options):
        super().__init__(**options)
        self.trying = set()
        self.answers = asyncio.Event()
        self.answers.set()

    async def group_send(self, group, message):
        if self.away:
            self.trying.add(group)
            await self.answers.wait()
            raise OSError("no Redis")
        await super().group_send(group, message)


class Listener:
    """Another process, which hears a group."""

    def __init__(self, channel):
        self.channel = channel

    @classmethod
    async def to(cls, group):
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        return cls(channel)

    async def message(self):
        """The origin and the entries of the next message."""
        async with asyncio.timeout(patient(10)):
            message = await get_channel_layer().receive(self.channel)
        return message["origin"], notices.unpack(message)

    async def entries(self, count):
        """The next entries, in however many messages they come."""
        found = []
        while len(found) < count:
            found += (await self.message())[1]
        return found


def make_hub():
    database = Database()
    return Hub(
        fetch=database.fetch,
        compare=database.compare,
        compare_every=3600.0,
        on_changed=lambda audience: None,
        on_seen=lambda entry: None,
        on_recheck=lambda entry: None,
        on_restored=lambda: None,
        on_late=lambda group, audience: None,
    )


@pytest.fixture(autouse=True)
def without_sockets(monkeypatch):
    """Begin each test as a process without sockets that has seen no failure."""
    monkeypatch.setattr(publish, "_current", publish.Layer())


@pytest.fixture
def layer(settings):
    backend = f"{Breakable.__module__}.{Breakable.__qualname__}"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}
    return get_channel_layer()


@pytest.fixture
async def hub(layer):
    hub = make_hub()
    yield hub
    for connection in list(hub.connections.values()):
        connection.dispose()
        hub.drop(connection)
    await hub.stop()


@pytest.fixture
async def outgoing(hub):
    outgoing = Outgoing(hub)
    publish.attach(outgoing)
    yield outgoing
    publish.detach(outgoing)
    outgoing.stop()


def passing(number, room=ROOM):
    return Passing(room, frame(number))


def joining(number):
    return Join([number], ROOM, GROUP, 0, frame(number))


# --- with sockets ------------------------------------------------------------------------------


async def test_what_comes_in_a_moment_travels_together_and_in_order(hub, outgoing):
    listener, other = await Listener.to(GROUP), await Listener.to(ELSEWHERE)
    publish.now(GROUP, passing(1))
    publish.now(ELSEWHERE, passing(2, OTHER))
    publish.now(GROUP, passing(3))
    assert await listener.message() == (hub.origin, [passing(1), passing(3)])
    assert await other.message() == (hub.origin, [passing(2, OTHER)])


async def test_the_sockets_here_need_no_channel_layer(hub, outgoing, layer):
    layer.away = True
    socket = Socket(1)
    hub.add(socket)
    hub.join(socket, ROOM, GROUP, 0)
    publish.now(GROUP, passing(1))
    publish.now(GROUP, passing(2))
    await sent(socket, "m1", "m2")


@pytest.mark.django_db(transaction=True)
async def test_a_transaction_tells_when_it_commits_and_only_then(hub, outgoing):
    listener = await Listener.to(GROUP)
    before = metrics.STORED._value.get()

    def commit():
        with transaction.atomic():
            publish.send(GROUP, passing(2))
            publish.send_all([(GROUP, Stored(ROOM, 3, [frame(3)])), (GROUP, passing(4))])
            publish.now(GROUP, passing(1))

    def roll_back():
        with transaction.atomic():
            publish.send(GROUP, passing(0))
            transaction.set_rollback(True)

    await in_thread(roll_back)
    await in_thread(commit)
    assert await listener.entries(4) == [
        passing(1),
        passing(2),
        Stored(ROOM, 3, [frame(3)]),
        passing(4),
    ]
    assert metrics.STORED._value.get() == before + 1


async def test_what_concerns_people_waits_while_the_layer_is_away(outgoing, layer):
    listener = await Listener.to(GROUP)
    layer.away = True
    layer.answers.clear()
    publish.now(GROUP, joining(1))
    await eventually(lambda: GROUP in layer.trying)
    publish.now(GROUP, joining(2))
    await asyncio.sleep(0)
    layer.answers.set()
    await eventually(lambda: outgoing.layer.failed is not None)
    layer.away = False
    assert await listener.entries(2) == [joining(1), joining(2)]
    await outgoing.idle(patient(10))
    assert outgoing.layer.failed is None


async def test_what_must_not_come_twice_is_not_repeated(outgoing, layer):
    listener = await Listener.to(GROUP)
    layer.away = True
    publish.now(GROUP, passing(1))
    publish.now(GROUP, joining(2))
    await eventually(lambda: outgoing.layer.failed is not None)
    layer.away = False
    assert await listener.entries(1) == [joining(2)]


async def test_of_too_much_that_waits_the_older_half_is_dropped(outgoing, layer, monkeypatch):
    monkeypatch.setattr(publish, "OUTGOING_LIMIT", 4)
    listener = await Listener.to(GROUP)
    layer.away = True
    publish.now(GROUP, joining(0))
    await eventually(lambda: outgoing.layer.failed is not None)
    for number in range(1, 5):
        publish.now(GROUP, joining(number))
    await asyncio.sleep(0)
    layer.away = False
    assert await listener.entries(3) == [joining(2), joining(3), joining(4)]


async def test_one_that_stops_sends_nothing_more_of_what_waits(hub, layer):
    outgoing = Outgoing(hub)
    publish.attach(outgoing)
    listener = await Listener.to(GROUP)
    layer.away = True
    publish.now(GROUP, joining(1))
    await eventually(lambda: outgoing.layer.failed is not None)
    assert metrics.PUBLISH_QUEUE._value.get() == 1
    publish.detach(outgoing)
    outgoing.stop()
    await outgoing.idle(patient(10))
    assert metrics.PUBLISH_QUEUE._value.get() == 0
    layer.away = False
    second = Outgoing(hub)
    publish.attach(second)
    publish.now(GROUP, joining(2))
    assert await listener.entries(1) == [joining(2)]
    publish.detach(second)


# --- without ------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [False, True], ids=["thread", "event loop"])
async def test_without_sockets_the_layer_has_it_when_the_call_returns(layer, inside):
    listener = await Listener.to(GROUP)
    if inside:
        publish.now(GROUP, passing(1))
    else:
        await in_thread(publish.now, GROUP, passing(1))
    assert layer.channels[listener.channel].qsize() == 1
    assert await listener.message() == ("", [passing(1)])


async def test_after_the_end_of_the_sockets_it_goes_to_the_layer(hub, layer):
    listener = await Listener.to(GROUP)
    first, second = Outgoing(hub), Outgoing(hub)
    publish.attach(first)
    publish.attach(second)
    # Detaching one that is not attached changes nothing.
    publish.detach(first)
    publish.now(GROUP, passing(1))
    assert await listener.message() == (hub.origin, [passing(1)])
    publish.detach(second)
    await in_thread(publish.now, GROUP, passing(2))
    assert await listener.message() == ("", [passing(2)])


def test_a_loop_that_is_closed_has_no_sockets(layer):
    async def short_life():
        hub = make_hub()
        await hub.stop()
        outgoing = Outgoing(hub)
        publish.attach(outgoing)
        return outgoing, await Listener.to(GROUP)

    outgoing, listener = asyncio.run(short_life())
    publish.now(GROUP, passing(1))
    assert asyncio.run(listener.message()) == ("", [passing(1)])
    publish.detach(outgoing)


async def test_while_the_layer_is_away_nobody_waits_for_each_entry(layer):
    listener = await Listener.to(GROUP)
    layer.away = True
    publish.now(GROUP, passing(1))
    layer.away = False
    publish.now(GROUP, passing(2))
    assert listener.channel not in layer.channels
