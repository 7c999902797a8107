"""What this process receives of the channel layer: the groups it subscribes to, and for whom."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from channels.layers import get_channel_layer

from rooms import envelope, groups, metrics

logger = logging.getLogger(__name__)

LINGER = 30.0
"""Seconds a subscription outlives its last connection: reloads need not subscribe again."""
CONFIRM_WITHIN = 0.1
"""Seconds until a subscription that is not confirmed is tried again, then twice as many."""
SUBSCRIBE_WITHIN = 5.0
"""Seconds a connection waits for its subscriptions; then it goes on and they follow."""


class Subscriber:
    """What subscriptions are kept for."""

    def __init__(self) -> None:
        self.groups: set[str] = set()


class _Subscription:
    """What this process has of a group of the channel layer, and for whom."""

    __slots__ = ("leaving", "linger", "probe", "stands", "subscribers", "unwanted")

    def __init__(self, linger: float) -> None:
        self.linger = linger
        self.subscribers: set[Subscriber] = set()
        self.leaving: asyncio.TimerHandle | None = None
        self.unwanted = asyncio.Event()
        self.stands = asyncio.Event()
        self.probe = ""


class GroupSubscriptions:
    """One channel of the channel layer, which receives for all sockets of the process.

    Used from one event loop only.
    """

    def __init__(
        self, *, origin: str, deliver: Callable[[str, list[envelope.Entry]], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._origin = origin
        self._deliver = deliver
        self._subscriptions: dict[str, _Subscription] = {}
        self._layer: Any = get_channel_layer()
        self._channel: asyncio.Future[str] = self._loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._receive())
        self._subscription(groups.EVERYONE, LINGER)

    @property
    def names(self) -> set[str]:
        """The groups that somebody here needs, or did until a moment ago."""
        return set(self._subscriptions)

    async def subscribe(
        self, subscriber: Subscriber, names: Iterable[str], *, linger: float = LINGER
    ) -> bool:
        """See that this process receives what is published to the groups.

        Returns whether a subscription is new, so that what was read from the database before
        may be out of date. Waits `SUBSCRIBE_WITHIN` seconds at most. A new subscription outlives
        its last connection by `linger` seconds.
        """
        new = False
        waits = []
        for name in names:
            subscription = self._subscription(name, linger)
            if subscription.leaving is not None:
                subscription.leaving.cancel()
                subscription.leaving = None
            subscription.unwanted.clear()
            subscription.subscribers.add(subscriber)
            subscriber.groups.add(name)
            if not subscription.stands.is_set():
                new = True
                waits.append(self._loop.create_task(subscription.stands.wait()))
        if waits:
            try:
                await asyncio.wait(waits, timeout=SUBSCRIBE_WITHIN)
            finally:
                for task in waits:
                    task.cancel()
        return new

    def release(self, subscriber: Subscriber) -> None:
        """The subscriber needs no group any more."""
        for name in subscriber.groups:
            subscription = self._subscriptions[name]
            subscription.subscribers.discard(subscriber)
            if not subscription.subscribers and subscription.leaving is None:
                subscription.leaving = self._loop.call_later(
                    subscription.linger, self._unwanted, subscription
                )
        subscriber.groups.clear()

    async def stop(self) -> None:
        """Stop receiving."""
        for subscription in self._subscriptions.values():
            if subscription.leaving is not None:
                subscription.leaving.cancel()
        tasks = set(self._tasks)
        while tasks:
            # More than once: the Redis client loses a cancellation now and then.
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.5)

    def _start(self, job: Any) -> None:
        task: asyncio.Task[None] = self._loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _receive(self) -> None:
        wait = 0.1
        while not self._channel.done():
            try:
                self._channel.set_result(await self._layer.new_channel())
            except Exception as error:
                logger.warning("the channel layer does not answer: %s", error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)
        channel = self._channel.result()
        while True:
            try:
                message = await self._layer.receive(channel)
                if message["origin"] != self._origin:
                    self._deliver(message["group"], envelope.unpack(message))
                elif "probe" in message:
                    self._probed(message["group"], message["probe"])
            except Exception:
                # What was lost is found by its missing number.
                metrics.LAYER_ERRORS.labels("receive").inc()
                logger.exception("an event of the channel layer could not be delivered")
                await asyncio.sleep(0.1)

    def _subscription(self, name: str, linger: float) -> _Subscription:
        known = self._subscriptions.get(name)
        if known is None:
            known = self._subscriptions[name] = _Subscription(linger)
            self._start(self._keep(name, known))
        return known

    @staticmethod
    def _unwanted(subscription: _Subscription) -> None:
        subscription.leaving = None
        subscription.unwanted.set()

    async def _keep(self, name: str, subscription: _Subscription) -> None:
        """Subscribe and, when nobody is left, unsubscribe: one task, so that the two never cross.

        Whoever comes while the unsubscription is under way waits for the next turn.
        """
        channel = await asyncio.shield(self._channel)
        while not subscription.unwanted.is_set():
            await self._subscribe(name, subscription, channel)
            while not subscription.unwanted.is_set():
                # Somebody may have come between the event and this task's turn.
                await subscription.unwanted.wait()
            subscription.probe = ""
            subscription.stands.clear()
            try:
                await self._layer.group_discard(name, channel)
            except Exception as error:
                metrics.LAYER_ERRORS.labels("unsubscribe").inc()
                logger.warning("cannot unsubscribe from %s: %s", name, error)
        del self._subscriptions[name]

    async def _subscribe(self, name: str, subscription: _Subscription, channel: str) -> None:
        """Subscribe, and see that it stands. Gives up when nobody wants it any more.

        The layer does not wait for Redis to take note, so we wait for an event of our own.
        """
        wait = CONFIRM_WITHIN
        subscription.probe = uuid.uuid4().hex
        probe = {**envelope.pack(self._origin, name, []), "probe": subscription.probe}
        while not subscription.unwanted.is_set():
            try:
                await self._layer.group_add(name, channel)
                await self._layer.group_send(name, probe)
            except Exception as error:
                metrics.LAYER_ERRORS.labels("subscribe").inc()
                logger.warning("cannot subscribe to %s: %s", name, error)
                await asyncio.sleep(wait)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await subscription.stands.wait()
                        return
            wait = min(wait * 2, 5.0)

    def _probed(self, name: str, probe: str) -> None:
        subscription = self._subscriptions.get(name)
        if subscription is not None and subscription.probe == probe:
            subscription.stands.set()
