"""The hub by itself: the recipients of frames, their order, and the gaps that it fills."""

import asyncio
import time
import uuid

import pytest

from rooms.delivery import hub as hub_module
from rooms.delivery import names
from rooms.delivery import order as module
from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Changed, Close, Join, Leave, Passing, Removed, Stored
from tests.pace import patient
from tests.rooms.cast import eventually

GROUP = names.course(1)
ROOM = names.room(uuid.UUID(int=1))
OTHER = names.room(uuid.UUID(int=2))


class Database:
    """The messages that could be fetched."""

    def __init__(self):
        self.stored = {}
        # The newest numbers that a comparison with the database finds.
        self.heads = {}
        self.removed = []
        self.asked = []
        self.failing = 0
        self.comparing = 0
        self.turns = 0

    def store(self, room, *seqs):
        self.stored.setdefault(room, set()).update(seqs)

    async def fetch(self, audience, after, limit):
        self.asked.append((audience, after))
        if self.failing:
            self.failing -= 1
            raise OSError("no database")
        seqs = sorted(seq for seq in self.stored.get(audience, ()) if seq > after)
        return [(seq, [frame(seq)]) for seq in seqs[:limit]]

    async def compare(self, known, within):
        self.turns += 1
        if self.comparing:
            self.comparing -= 1
            raise OSError("no database")
        return (
            {room: seq for room, seq in self.heads.items() if seq > known.get(room, seq)},
            [one for one in self.removed if one[0].audience in known],
        )


class Socket(LiveConnection):
    """A connection whose server takes frames through `websocket.send`."""

    def __init__(self, user=1, **options):
        self.sent = []
        self.ready = asyncio.Event()
        self.ready.set()
        super().__init__(self._take, unsent_limit=1 << 20, **options)
        self.user_id = user

    async def _take(self, message):
        await self.ready.wait()
        self.sent.append(message.get("text") or message.get("code"))


def frame(number):
    return f"m{number}".encode()


def stored(*seqs, room=ROOM):
    return [Stored(room, seq, [frame(seq)]) for seq in seqs]


@pytest.fixture
def database():
    return Database()


@pytest.fixture
async def hub(settings, database):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    changed, late = [], []
    made = Hub(
        fetch=database.fetch,
        compare=database.compare,
        compare_every=0.2,
        on_changed=changed.append,
        on_seen=lambda entry: None,
        on_recheck=lambda entry: None,
        on_restored=lambda: None,
        on_late=lambda group, audience: late.append((group, audience)),
    )
    made.changed, made.late = changed, late
    yield made
    for connection in list(made.connections.values()):
        connection.dispose()
        made.drop(connection)
    await made.stop()


@pytest.fixture
def enter(hub):
    """A function that puts a socket of a user into rooms, each with the number of its newest
    message."""

    def enter(user=1, *, head=0, rooms=(ROOM,), **options):
        socket = Socket(user, **options)
        hub.add(socket)
        hub.join(socket, names.user(user), GROUP)
        for room in rooms:
            hub.join(socket, room, GROUP, head)
        return socket

    return enter


async def sent(socket, *texts):
    """Check that exactly these frames arrive, in this order."""
    await eventually(lambda: len(socket.sent) >= len(texts), within=patient(5))
    for _ in range(3):
        await asyncio.sleep(0)
    assert socket.sent == list(texts)


# --- order ---------------------------------------------------------------------------------------


async def test_in_order(hub, enter, database):
    socket = enter()
    hub.deliver(GROUP, stored(1, 2))
    hub.deliver(GROUP, stored(3))
    await sent(socket, "m1", "m2", "m3")
    assert database.asked == []


async def test_what_came_before_comes_no_more(hub, enter):
    socket = enter(head=2)
    hub.deliver(GROUP, stored(1, 2, 3))
    hub.deliver(GROUP, stored(2, 3))
    await sent(socket, "m3")


async def test_a_late_one_is_waited_for(hub, enter, database):
    socket = enter()
    hub.deliver(GROUP, stored(2))
    hub.deliver(GROUP, stored(1))
    await sent(socket, "m1", "m2")
    assert database.asked == []


async def test_a_lost_one_is_fetched(hub, enter, database):
    socket = enter()
    database.store(ROOM, 1, 2, 3, 4)
    hub.deliver(GROUP, stored(1))
    hub.deliver(GROUP, stored(4))
    await sent(socket, "m1", "m2", "m3", "m4")


async def test_a_long_gap_is_fetched_in_pages(hub, enter, database, monkeypatch):
    monkeypatch.setattr(module, "FILL_PAGE", 3)
    socket = enter()
    database.store(ROOM, *range(1, 12))
    hub.deliver(GROUP, stored(11))
    await sent(socket, *(f"m{seq}" for seq in range(1, 12)))
    assert [after for _, after in database.asked] == [0, 3, 6, 9]


async def test_what_comes_while_a_gap_is_filled_waits_for_it(hub, enter, database):
    socket = enter()
    database.store(ROOM, 1, 2)
    hub.deliver(GROUP, stored(2))
    hub.deliver(GROUP, stored(3))
    assert socket.sent == []
    await sent(socket, "m1", "m2", "m3")


async def test_what_is_not_visible_yet_is_asked_for_again(hub, enter, database):
    socket = enter()
    hub.deliver(GROUP, stored(2))
    await eventually(lambda: len(database.asked) >= 2)
    assert socket.sent == []
    database.store(ROOM, 1, 2)
    await sent(socket, "m1", "m2")


async def test_a_database_that_fails_is_asked_again(hub, enter, database):
    socket = enter()
    database.failing = 2
    database.store(ROOM, 1, 2)
    hub.deliver(GROUP, stored(2))
    await sent(socket, "m1", "m2")
    assert len(database.asked) == 3


async def test_a_gap_holds_up_its_room_alone(hub, enter, database):
    socket = enter(rooms=(ROOM, OTHER))
    hub.deliver(GROUP, [*stored(2), Stored(OTHER, 1, [b"other"])])
    await sent(socket, "other")
    database.store(ROOM, 1)
    await sent(socket, "other", "m1", "m2")


async def test_who_joins_behind_the_room_gets_what_was_heard_of_meanwhile(hub, enter, database):
    """A message came by after the database was read, and before the socket joined the room."""
    database.store(ROOM, 5, 6)
    hub.deliver(GROUP, stored(6))
    socket = enter(head=4)
    await sent(socket, "m5", "m6")


async def test_what_is_stored_after_the_last_one_left_is_not_fetched(hub, enter, database):
    socket, other = enter(), enter(rooms=(OTHER,))
    database.store(OTHER, 1)
    hub.deliver(GROUP, stored(2))
    hub.drop(socket)
    hub.deliver(GROUP, [*stored(3), Stored(OTHER, 2, [b"m2"])])
    # The dropped socket's gap would have been filled before this one.
    await sent(other, "m1", "m2")
    assert database.asked == [(OTHER, 0)]


# --- what nobody told of -------------------------------------------------------------------------


async def test_what_nobody_told_of_is_found_by_comparing(hub, enter, database):
    socket = enter(head=1)
    database.store(ROOM, 1, 2, 3)
    database.heads[ROOM] = 3
    await sent(socket, "m2", "m3")


async def test_a_comparison_that_fails_is_made_again(hub, enter, database):
    socket = enter()
    database.comparing = 2
    database.store(ROOM, 1)
    database.heads[ROOM] = 1
    await sent(socket, "m1")
    assert database.comparing == 0


async def test_what_was_delivered_is_not_fetched(hub, enter, database):
    socket = enter()
    database.heads[ROOM] = 1
    hub.deliver(GROUP, stored(1))
    turns = database.turns
    await eventually(lambda: database.turns > turns + 2)
    assert database.asked == []
    await sent(socket, "m1")


async def test_a_removal_nobody_told_of_is_found_once(hub, enter, database):
    socket = enter(head=2)
    database.removed = [(Removed(ROOM, 1, b"gone 1"), 0.0), (Removed(OTHER, 1, b"gone"), 0.0)]
    turns = database.turns
    await eventually(lambda: database.turns > turns + 2)
    hub.deliver(GROUP, [Removed(ROOM, 1, b"gone 1")])
    await sent(socket, "gone 1")


async def test_a_removal_that_was_told_of_is_not_told_again(hub, enter, database):
    socket = enter(head=2)
    hub.deliver(GROUP, [Removed(ROOM, 1, b"gone 1")])
    database.removed = [(Removed(ROOM, 1, b"gone 1"), 0.0)]
    turns = database.turns
    await eventually(lambda: database.turns > turns + 2)
    await sent(socket, "gone 1")


async def test_who_came_after_a_removal_is_not_told(hub, enter, database):
    socket = enter(head=2)
    database.removed = [(Removed(ROOM, 1, b"gone 1"), 20.0)]
    turns = database.turns
    await eventually(lambda: database.turns > turns + 2)
    await sent(socket)


async def test_who_waits_for_a_message_is_told_by_a_comparison(hub, enter, database):
    await hub.subscribe(enter(rooms=()), [GROUP])
    waiting = asyncio.create_task(hub.wait_for(ROOM, GROUP, 4, 5.0, user=1))
    await eventually(lambda: database.turns > 1)
    database.heads[ROOM] = 5
    assert await waiting is True


@pytest.mark.parametrize("audience", [ROOM, names.user(1)])
async def test_a_request_that_waits_is_told_of_news_of_the_class(hub, enter, audience):
    """News for the room and for the user end the wait; news for others do not."""
    await hub.subscribe(enter(rooms=()), [GROUP])
    began = time.time()

    def wait(user, **more):
        return hub.wait_for(ROOM, GROUP, 4, 0.5, user=user, **more)

    waiting = asyncio.create_task(wait(1))
    await asyncio.sleep(0)
    hub.deliver(GROUP, [Passing(audience, b"typing"), Passing(names.user(3), b"", wakes=True)])
    assert hub.has_news(began, ROOM, GROUP, 1) is False
    hub.deliver(GROUP, [Passing(audience, b"news", wakes=True)])
    assert await waiting is True
    # A client that read the state before that is told at once when it asks again.
    assert await wait(1, since=began) is True
    assert await wait(1, since=time.time()) is False
    assert await wait(2, since=began) is (audience == ROOM)


async def test_a_state_from_before_the_subscription_may_be_old(hub, enter):
    """Before it the process heard of no votes; the client may know the state by another process."""
    before = time.time()
    await hub.subscribe(enter(rooms=()), [GROUP])
    assert hub.has_news(before, ROOM, GROUP, 1) is True
    assert hub.has_news(before, ROOM, "another", 1) is False
    now = time.time()
    await hub.subscribe(enter(rooms=()), [GROUP])
    assert hub.has_news(now, ROOM, GROUP, 1) is False


async def test_a_state_from_before_the_remembered_news_may_be_old(hub, monkeypatch):
    monkeypatch.setattr(hub_module, "NEWS_KEPT", 0.0)
    began = time.time()
    for user in (1, 2):
        hub.deliver(GROUP, [Passing(names.user(user), b"news", wakes=True)])
        await asyncio.sleep(0.01)
    assert list(hub._news) == [names.user(2)]
    assert hub.has_news(began, ROOM, GROUP, 1) is True


# --- those who come late -------------------------------------------------------------------------


async def test_who_joins_late_gets_what_the_others_got(hub, enter, database):
    first = enter(1)
    hub.deliver(GROUP, stored(1, 2, 3))
    database.store(ROOM, 1, 2, 3)
    late = enter(2, head=1)
    hub.deliver(GROUP, [*stored(4), Passing(ROOM, b"typing"), Passing(ROOM, b"mine", skip=2)])
    database.store(ROOM, 4)
    await sent(late, "m2", "m3", "m4", "typing")
    await sent(first, "m1", "m2", "m3", "m4", "typing", "mine")
    hub.deliver(GROUP, stored(5))
    await sent(late, "m2", "m3", "m4", "typing", "m5")


async def test_a_notice_of_joining_may_come_after_later_messages(hub, enter, database):
    first, late = enter(1), enter(2, rooms=())
    database.store(ROOM, 1, 2)
    hub.deliver(GROUP, stored(1, 2))
    hub.deliver(GROUP, [Join([2], ROOM, GROUP, 1, b"added"), Removed(ROOM, 1, b"gone 1")])
    await sent(late, "added", "m2", "gone 1")
    hub.deliver(GROUP, stored(3))
    await sent(late, "added", "m2", "gone 1", "m3")
    await sent(first, "m1", "m2", "gone 1", "m3")


async def test_a_notice_of_joining_that_comes_twice_is_told_once(hub, enter):
    socket = enter(7, rooms=())
    hub.deliver(GROUP, [Join([7], ROOM, GROUP, 0, b"added")])
    hub.deliver(GROUP, [*stored(1), Join([7], ROOM, GROUP, 0, b"added"), *stored(2)])
    await sent(socket, "added", "m1", "m2")


async def test_who_leaves_before_having_caught_up_gets_no_more(hub, enter, database):
    enter(1)
    late = enter(2, rooms=())
    database.store(ROOM, 1)
    hub.deliver(GROUP, stored(1))
    database.failing = 1
    hub.deliver(GROUP, [Join([2], ROOM, GROUP, 0, b"added")])
    await eventually(lambda: database.asked)
    hub.deliver(GROUP, [Leave([2], ROOM, b"removed"), *stored(2)])
    # Wait for two more turns, by which the failed query would have been repeated.
    turns = database.turns
    await eventually(lambda: database.turns > turns + 2)
    await sent(late, "added", "removed")


# --- audiences -----------------------------------------------------------------------------------


async def test_only_the_audience_gets_a_frame(hub, enter):
    inside, outside = enter(1), enter(2, rooms=(OTHER,))
    hub.deliver(GROUP, [Passing(ROOM, b"typing"), Passing(names.user(2), b"for two")])
    await sent(inside, "typing")
    await sent(outside, "for two")


async def test_partners_that_come_after_newer_ones_are_kept_back(hub, enter):
    socket, user = enter(1), names.user(1)
    hub.deliver(GROUP, [Passing(user, b"second", revision=8), Passing(user, b"first", revision=7)])
    hub.deliver(GROUP, [Passing(user, b"no number"), Passing(user, b"the same", revision=8)])
    # Another course has numbers of its own.
    hub.deliver(names.course(2), [Passing(user, b"elsewhere", revision=1)])
    await sent(socket, "second", "no number", "the same", "elsewhere")
    assert hub.late == [(GROUP, user)]


async def test_partners_that_come_after_a_later_step_are_kept_back(hub, enter):
    socket, user = enter(1), names.user(1)
    hub.deliver(GROUP, [Stored(ROOM, 1, [b"step"], 8), Passing(user, b"before", revision=7)])
    await sent(socket, "step")
    assert hub.late == [(GROUP, user)]


async def test_nobody_asks_for_partners_of_those_who_are_not_here(hub, enter):
    enter(1)
    hub.deliver(GROUP, [Stored(ROOM, 1, [b"step"], 8)])
    hub.deliver(GROUP, [Passing(names.user(2), b"before", revision=7)])
    assert hub.late == []


async def test_all_sockets_of_one_user_may_be_skipped(hub, enter):
    mine, also_mine, hers = enter(1), enter(1), enter(2)
    hub.deliver(GROUP, [Passing(ROOM, b"typing", skip=1)])
    await sent(hers, "typing")
    await sent(mine)
    await sent(also_mine)


async def test_join_and_leave_keep_their_place_among_the_frames(hub, enter):
    socket = enter(7, rooms=())
    other = enter(8)
    hub.deliver(
        GROUP,
        [
            *stored(1),
            Join([7], ROOM, GROUP, 1, b"added"),
            *stored(2),
            Leave([7], ROOM, b"removed"),
            *stored(3),
        ],
    )
    await sent(socket, "added", "m2", "removed")
    await sent(other, "m1", "m2", "m3")


async def test_who_was_not_in_the_room_is_not_told_of_leaving(hub, enter):
    socket = enter(7, rooms=())
    hub.deliver(GROUP, [Leave([7], ROOM, b"removed")])
    await sent(socket)


async def test_changes_are_told_for_audiences_that_are_here(hub, enter):
    board = names.dashboards(1)
    hub.deliver(GROUP, [Changed(board)])
    socket = enter()
    hub.join(socket, board, GROUP)
    hub.deliver(GROUP, [Changed(board), Changed(board, votes=True)])
    assert hub.changed == [Changed(board), Changed(board, votes=True)]


@pytest.mark.parametrize(
    ("audience", "user", "closed"),
    [
        (names.user(1), None, ["one", "two"]),
        (names.token(7), None, ["one"]),
        (names.token(8), None, []),
        (ROOM, 2, ["hers"]),
    ],
)
async def test_close(hub, enter, audience, user, closed):
    sockets = {"one": enter(1), "two": enter(1), "hers": enter(2)}
    hub.join(sockets["one"], names.token(7), names.EVERYONE)
    hub.deliver(GROUP, [Close(4401, audience, user), Passing(ROOM, b"after")])
    for name, socket in sockets.items():
        await sent(socket, 4401 if name in closed else "after")


# --- connections ---------------------------------------------------------------------------------


async def test_what_was_written_comes_before_the_close(enter):
    socket = enter()
    socket.send(b"one")
    socket.close(4400)
    socket.send(b"two")
    socket.close(4401)
    await sent(socket, "one", 4400)


async def test_what_is_held_comes_after_what_is_released_with(hub, enter):
    socket = enter()
    socket.hold()
    hub.deliver(GROUP, stored(1, 2))
    socket.send(b"answer")
    socket.release(b"welcome")
    hub.deliver(GROUP, stored(3))
    await sent(socket, "welcome", "m1", "m2", "answer", "m3")


async def test_a_socket_that_takes_nothing_is_closed_with_4429_and_holds_up_nobody(hub, enter):
    slow, fast = enter(1), enter(2)
    slow.ready.clear()
    for seq in range(1, LiveConnection.QUEUE + 10):
        hub.deliver(GROUP, stored(seq))
        await asyncio.sleep(0)
    assert slow.closed
    assert not fast.closed
    await sent(fast, *(f"m{seq}" for seq in range(1, LiveConnection.QUEUE + 10)))
    slow.ready.set()
    await eventually(lambda: 4429 in slow.sent)


async def test_a_socket_that_breaks_holds_up_nobody(hub, enter):
    class Broken(Socket):
        async def _take(self, message):
            raise RuntimeError("the socket is gone")

    broken, fine = Broken(1), enter(2)
    hub.add(broken)
    hub.join(broken, ROOM, GROUP, 0)
    hub.deliver(GROUP, stored(1, 2))
    await sent(fine, "m1", "m2")
    assert broken.closed


# --- subscriptions -------------------------------------------------------------------------------


async def test_a_subscription_is_new_once(hub, enter):
    one, other = enter(1), enter(2)
    assert await hub.subscribe(one, [GROUP]) is True
    assert await hub.subscribe(other, [GROUP]) is False


async def test_a_subscription_outlives_its_last_connection_for_a_while(hub, enter):
    socket = enter()
    await hub.subscribe(socket, [GROUP])
    hub.drop(socket)
    assert await hub.subscribe(enter(), [GROUP]) is False


async def test_after_that_it_ends(hub, enter):
    socket = enter()
    await hub.subscribe(socket, [GROUP], linger=0)
    hub.drop(socket)
    await eventually(lambda: GROUP not in hub._subscriptions.names)
    assert await hub.subscribe(enter(), [GROUP]) is True
