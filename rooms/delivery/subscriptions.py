"""The subscriptions of this process to groups of the channel layer, and their subscribers."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from channels.layers import get_channel_layer

from rooms import metrics
from rooms.delivery import names, notices
from rooms.delivery.tasks import Tasks

logger = logging.getLogger(__name__)

LINGER = 30.0
"""Seconds a subscription outlives its last connection, so that reloads need not subscribe again."""
CONFIRM_WITHIN = 0.1
"""Seconds until an unconfirmed subscription is tried again. The time doubles with each try."""
RETRY_AFTER = 1.0
"""The longest time between two tries, in seconds."""
SUBSCRIBE_WITHIN = 5.0
"""Seconds a connection waits for its subscriptions before it goes on without them."""
PROBE_EVERY = 5.0
"""Seconds between two checks of a subscription."""
PROBE_EVERYONE_EVERY = 1.0
"""The same for the subscription that shows whether the channel layer answers at all."""
PROBE_WITHIN = 1.0
"""Seconds in which a probe must come back before it is sent again."""
PROBES = 3
"""Probes that are sent until the subscription counts as lost."""
UNANSWERED_LIMIT = 8
"""Probes in a row that Redis took and that did not come back, after which the connection counts as
dead."""
LAYER_WITHIN = 5.0
"""The time in seconds that the channel layer has for each call."""


class Subscriber:
    """An object that keeps subscriptions alive, by name in `groups`."""

    __slots__ = ("groups",)

    def __init__(self) -> None:
        self.groups: set[str] = set()


class _Subscription:
    """The state of the subscription to one group, with its subscribers."""

    __slots__ = (
        *("back", "confirmed", "leaving", "linger", "missed", "needed", "probe", "sending"),
        *("subscribers", "wake"),
    )

    def __init__(self, linger: float) -> None:
        self.linger = linger
        self.subscribers: set[Subscriber] = set()
        self.leaving: asyncio.TimerHandle | None = None
        self.needed = True
        self.confirmed = asyncio.Event()
        # True if an entry may have been published that a subscriber needs and that did not come.
        self.missed = False
        # Set if there is work before the next check: to leave the group, or to check at once.
        self.wake = asyncio.Event()
        # The name of the probe that is repeated until it comes back, the task that sends it, and an
        # event that is set when it is back.
        self.probe = ""
        self.sending: asyncio.Task[bool] | None = None
        self.back = asyncio.Event()

    def wanted(self) -> bool:
        """Return whether a subscriber needs it, or did until a moment ago."""
        return self.needed


class GroupSubscriptions:
    """The subscriptions of the one channel that receives for all sockets of the process.

    Probes that do not come back show that Redis was away. `on_restored` is called when a group
    works again after that, as entries published in between were lost.
    Used from one event loop only.
    """

    def __init__(
        self,
        *,
        origin: str,
        deliver: Callable[[str, list[notices.Entry]], None],
        on_restored: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._origin = origin
        self._deliver = deliver
        self._on_restored = on_restored
        self._subscriptions: dict[str, _Subscription] = {}
        self._layer: Any = get_channel_layer()
        self._channel: asyncio.Future[str] = self._loop.create_future()
        self._tasks = Tasks()
        self._away = asyncio.Event()
        # The losses of the layer's connection that were already handled.
        self._lost = 0
        self._receiving = self._tasks.start(self._receive())
        self._everyone = self._subscription(names.EVERYONE, LINGER)

    @property
    def names(self) -> set[str]:
        """Return the groups that a subscriber needs, or did until a moment ago."""
        return set(self._subscriptions)

    async def subscribe(
        self, subscriber: Subscriber, names: Iterable[str], *, linger: float = LINGER
    ) -> bool:
        """Subscribe this process to the groups.

        Returns True if a subscription is new, in which case earlier reads of the database may be
        out of date. Waits at most `SUBSCRIBE_WITHIN` seconds, and not at all while the channel
        layer does not answer; `on_restored` is then called once the subscription is confirmed.
        A new subscription outlives its last connection by `linger` seconds.
        """
        missing = []
        for name in names:
            subscription = self._subscription(name, linger)
            if subscription.leaving is not None:
                subscription.leaving.cancel()
                subscription.leaving = None
            subscription.needed = True
            subscription.subscribers.add(subscriber)
            subscriber.groups.add(name)
            if not subscription.confirmed.is_set():
                missing.append(subscription)
        if missing and not self._away.is_set():
            away = self._loop.create_task(self._away.wait())
            confirming = self._loop.create_task(_all_confirmed(missing))
            try:
                await asyncio.wait(
                    (away, confirming),
                    timeout=SUBSCRIBE_WITHIN,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                away.cancel()
                confirming.cancel()
        new = False
        for subscription in missing:
            if subscription.confirmed.is_set():
                new = True
            else:
                subscription.missed = True
        return new

    def release(self, subscriber: Subscriber) -> None:
        """Drop all subscriptions of the subscriber."""
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
        await self._tasks.stop()

    # --- receiving -------------------------------------------------------------------------

    async def _receive(self) -> None:
        while not self._channel.done():
            try:
                async with asyncio.timeout(LAYER_WITHIN):
                    self._channel.set_result(await self._layer.new_channel())
            except Exception as error:
                self._failed("receive", error)
                await asyncio.sleep(RETRY_AFTER)
        channel = self._channel.result()
        while True:
            try:
                message = await self._layer.receive(channel)
                if message["origin"] != self._origin:
                    self._deliver(message["group"], notices.unpack(message))
                elif "probe" in message:
                    self._probed(message["group"], message["probe"])
            except Exception:
                # Lost messages are found by their missing numbers.
                metrics.LAYER_ERRORS.labels("receive").inc()
                logger.exception("could not deliver an event of the channel layer")
                await asyncio.sleep(0.1)

    def _failed(self, operation: str, error: Exception) -> None:
        metrics.LAYER_ERRORS.labels(operation).inc()
        if not self._away.is_set():
            logger.warning("the channel layer is unavailable (%s): %r", operation, error)
        self._away.set()

    # --- one group -------------------------------------------------------------------------

    def _subscription(self, name: str, linger: float) -> _Subscription:
        known = self._subscriptions.get(name)
        if known is None:
            known = self._subscriptions[name] = _Subscription(linger)
            self._tasks.start(self._keep(name, known), name=f"subscription to {name}")
        return known

    @staticmethod
    def _unwanted(subscription: _Subscription) -> None:
        subscription.leaving = None
        subscription.needed = False
        subscription.wake.set()

    async def _keep(self, name: str, subscription: _Subscription) -> None:
        """Subscribe and, when no subscriber is left, unsubscribe.

        One task does both, so the two never cross. A subscriber that comes while the group is being
        unsubscribed waits for the next turn.
        """
        while subscription.wanted():
            await self._subscribe(name, subscription)
            if subscription.confirmed.is_set():
                await self._watch(name, subscription)
                subscription.confirmed.clear()
            if subscription.wanted():
                subscription.missed = True
                continue
            if subscription.sending is not None:
                await subscription.sending
            subscription.probe = ""
            await self._unsubscribe(name, subscription)
        del self._subscriptions[name]

    async def _unsubscribe(self, name: str, subscription: _Subscription) -> None:
        """Unsubscribe, or give up when a subscriber needs the group again."""
        while not subscription.wanted():
            try:
                async with asyncio.timeout(LAYER_WITHIN):
                    channel = await asyncio.shield(self._channel)
                    # The layer forgets the group even if Redis does not answer, and would then do
                    # nothing the next time.
                    await self._layer.group_add(name, channel)
                    await self._layer.group_discard(name, channel)
                return
            except Exception as error:
                self._failed("unsubscribe", error)
                await asyncio.sleep(RETRY_AFTER)

    async def _subscribe(self, name: str, subscription: _Subscription) -> None:
        """Subscribe and confirm it with a probe. Give up when nobody needs the group any more."""
        wait = CONFIRM_WITHIN
        unanswered = 0
        while subscription.wanted():
            if not (subscription is self._everyone or self._everyone.confirmed.is_set()):
                # One task that tries is enough. The Redis client fails if several tasks connect it
                # at once.
                await subscription.wake.wait()
                subscription.wake.clear()
                continue
            if await self._answers(name, subscription, wait):
                self._stands(name, subscription)
                return
            wait = min(wait * 2, RETRY_AFTER)
            sending = subscription.sending
            if sending is None or not sending.done() or not sending.result():
                continue
            unanswered += 1
            if unanswered % UNANSWERED_LIMIT == 0:
                await self._renew(name, subscription)

    def _stands(self, name: str, subscription: _Subscription) -> None:
        subscription.confirmed.set()
        if subscription is self._everyone:
            if self._away.is_set():
                logger.warning("the channel layer is available again")
            self._away.clear()
            for other in self._subscriptions.values():
                if other is not subscription:
                    other.wake.set()
        self._heard(subscription)

    def _heard(self, subscription: _Subscription) -> None:
        if subscription.missed:
            subscription.missed = False
            self._on_restored()

    async def _watch(self, name: str, subscription: _Subscription) -> None:
        """Wait until nobody needs the subscription any more, or it turns out to be lost."""
        everyone = subscription is self._everyone
        while subscription.wanted():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROBE_EVERYONE_EVERY if everyone else PROBE_EVERY):
                    await subscription.wake.wait()
            subscription.wake.clear()
            if not subscription.wanted():
                return
            for _ in range(PROBES):
                if await self._answers(name, subscription, PROBE_WITHIN):
                    break
                subscription.missed = True
            else:
                if everyone:
                    self._failed("probe", TimeoutError("no probe returned"))
                return
            if everyone and (lost := self._count_lost()) != self._lost:
                # The connection is back already, so no probe was missed.
                self._lost = lost
                subscription.missed = True
            self._heard(subscription)

    def _count_lost(self) -> int:
        """Return how often the layer has lost its connection; 0 for a layer that has none."""
        count = getattr(self._layer, "lost", None)
        return 0 if count is None else int(count())

    async def _answers(self, name: str, subscription: _Subscription, within: float) -> bool:
        """Return whether a probe to the group comes back in time.

        The layer neither waits for Redis to confirm a subscription nor notices that one is lost. So
        we wait for an event of our own.
        """
        if not subscription.probe or subscription.back.is_set():
            if subscription.sending is not None:
                # The probe may be back before the task that sends it has ended.
                await subscription.sending
            subscription.probe = uuid.uuid4().hex
            subscription.back.clear()
        if subscription.sending is None or subscription.sending.done():
            subscription.sending = self._tasks.start(self._send_probe(name, subscription.probe))
        try:
            async with asyncio.timeout(within):
                await subscription.back.wait()
        except TimeoutError:
            # If this process itself was late, the probe may be here already.
            await asyncio.sleep(CONFIRM_WITHIN)
        return subscription.back.is_set()

    async def _send_probe(self, name: str, probe: str) -> bool:
        """Send a probe and return whether Redis took it."""
        channel = await asyncio.shield(self._channel)
        try:
            async with asyncio.timeout(LAYER_WITHIN):
                await self._layer.group_add(name, channel)
                await self._layer.group_send(
                    name, {**notices.pack(self._origin, name, []), "probe": probe}
                )
        except Exception as error:
            self._failed("subscribe", error)
            return False
        return True

    def _probed(self, name: str, probe: str) -> None:
        subscription = self._subscriptions.get(name)
        if subscription is not None and subscription.probe == probe:
            subscription.back.set()

    async def _renew(self, name: str, subscription: _Subscription) -> None:
        """Drop a lost subscription. If it is the one for `EVERYONE`, drop the connection, too."""
        logger.warning("no probe returned from the group %s; subscribing again", name)
        try:
            async with asyncio.timeout(LAYER_WITHIN):
                if subscription is not self._everyone:
                    await self._layer.group_discard(name, self._channel.result())
                    return
                await self._layer.flush()
        except Exception as error:
            self._failed("renew", error)
            return
        self._receiving.cancel()
        self._channel = self._loop.create_future()
        self._receiving = self._tasks.start(self._receive())


async def _all_confirmed(subscriptions: list[_Subscription]) -> None:
    for subscription in subscriptions:
        await subscription.confirmed.wait()
