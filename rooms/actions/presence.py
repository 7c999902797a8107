"""Who is connected: written when sockets open and close, and at each beat of a worker."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from rooms.actions import tell
from rooms.conf import limits
from rooms.models import Connection, Worker
from rooms.queries import presence

KEEP_CLOSED = timedelta(hours=1)
"""How long closed connections are kept, to tell who left just now."""
# When the users of a worker's connections were there for the last time, as far as is known.
_LAST_BEAT = Worker.objects.filter(pk=OuterRef("worker_id")).values("seen_at")


@dataclass(frozen=True, slots=True)
class Coming:
    """A chat socket of a user that opened or closed at a worker.

    `last` is when the user was last there by it, where that is not when it is noted.
    """

    connection: UUID
    user: int
    worker: UUID
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """An open socket fell silent, or gave a sign of life again where `silent_since` is None."""

    connection: UUID
    user: int
    silent_since: datetime | None


@dataclass(frozen=True, slots=True)
class Beat:
    """What a worker learns as it tells that it is alive: when it told so before, None for never,
    and which of its open sockets the database has as silent."""

    before: datetime | None
    silent: frozenset[UUID]


@transaction.atomic
def open_connections(opened: Sequence[Coming]) -> list[bool]:
    """Note sockets that opened. The answer for each: whether its user was away until then.

    Of those who have more than they may, the oldest sockets are closed, wherever they are.
    """
    now = timezone.now()
    open_by_user: dict[int, list[UUID]] = {}
    here: set[int] = set()
    for user, connection, silent_since in (
        presence.open_connections()
        .filter(user__in={coming.user for coming in opened})
        # The answer to an earlier commit may have been lost.
        .exclude(id__in=[coming.connection for coming in opened])
        .order_by("opened_at")
        .values_list("user_id", "id", "silent_since")
    ):
        open_by_user.setdefault(user, []).append(connection)
        if silent_since is None:
            here.add(user)
    Worker.objects.bulk_create(
        {w: Worker(id=w, seen_at=now) for w in {c.worker for c in opened}}.values(),
        ignore_conflicts=True,
    )
    Connection.objects.bulk_create(
        (
            Connection(id=c.connection, worker_id=c.worker, user_id=c.user, opened_at=now)
            for c in opened
        ),
        ignore_conflicts=True,
    )
    results = []
    for coming in opened:
        results.append(coming.user not in here)
        here.add(coming.user)
        open_by_user.setdefault(coming.user, []).append(coming.connection)
    most = limits["SOCKETS_PER_USER"]
    for user, connections in open_by_user.items():
        for connection in connections[:-most]:
            tell.close_surplus(user, connection)
    return results


@transaction.atomic
def close_connections(closed: Sequence[Coming]) -> list[bool]:
    """Note sockets that closed. The answer for each: whether its user is away since then.

    A silent socket closes as of its last sign of life: its user has been away by it for so long.
    """
    closing = {coming.connection for coming in closed}
    open_ones = _lock_open_connections({coming.user for coming in closed})
    here = {one.user_id for one in open_ones if one.pk not in closing and one.silent_since is None}
    silent = {one.pk for one in open_ones if one.silent_since is not None}
    now = timezone.now()
    Connection.objects.filter(id__in=closing).update(closed_at=Coalesce("silent_since", now))
    for coming in closed:
        if coming.last is not None and coming.connection not in silent:
            Connection.objects.filter(id=coming.connection).update(closed_at=coming.last)
    return [coming.user not in here and coming.connection not in silent for coming in closed]


@transaction.atomic
def note_signs(signs: Sequence[Sign]) -> list[bool]:
    """Note sockets that fell silent, or are heard again. The answer for each: whether its user is
    away since then, or online again, and was not before."""
    open_ones = _lock_open_connections({sign.user for sign in signs})
    told = {sign.connection: sign.silent_since for sign in signs}
    changed = [one for one in open_ones if one.pk in told and one.silent_since != told[one.pk]]
    before = _users_heard(open_ones)
    for one in changed:
        one.silent_since = told[one.pk]
    Connection.objects.bulk_update(changed, ["silent_since"])
    after = _users_heard(open_ones)
    turned = {one.pk for one in changed if (one.user_id in before) is not (one.user_id in after)}
    return [sign.connection in turned for sign in signs]


@transaction.atomic
def beat(*, worker: UUID) -> Beat:
    """Record the heartbeat of the worker."""
    # The lock waits for a process that takes the worker for dead at this moment, so that the answer
    # tells of it.
    known = Worker.objects.filter(id=worker)
    before = known.select_for_update(no_key=True).values_list("seen_at", flat=True).first()
    now = timezone.now()
    if before is None:
        Worker.objects.bulk_create([Worker(id=worker, seen_at=now)], ignore_conflicts=True)
    else:
        known.update(seen_at=now)
    silent = Connection.objects.filter(worker=worker, closed_at=None, silent_since__isnull=False)
    return Beat(before, frozenset(silent.values_list("id", flat=True)))


def mind_the_dead(*, before: datetime) -> None:
    """Silence the sockets of workers that do not beat any more, as these may only hang, and close
    them after `PRESENCE_EXPIRY`.

    `before` is when the caller's own worker had beaten before its last beat: where the database
    was away for all, nobody else could beat.
    """
    alive = min(timezone.now(), before + timedelta(seconds=beat_every()))
    expiry = limits["PRESENCE_EXPIRY"]
    late = Worker.objects.filter(
        Exists(Connection.objects.filter(worker=OuterRef("pk"), closed_at=None)),
        seen_at__lt=alive - timedelta(seconds=min(limits["PARTNER_GONE_AFTER"], expiry)),
    )
    # All workers ask this all the time, and there is hardly ever one.
    if late.exists():
        _see_to(late, expired=alive - timedelta(seconds=expiry))


@transaction.atomic
def _see_to(late: QuerySet[Worker], *, expired: datetime) -> None:
    # Under their locks none of them beats until its sockets are seen to.
    dead = list(
        late.filter(Exists(_heard(Connection.objects.filter(worker=OuterRef("pk")))))
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .values_list("id", flat=True)
    )
    _silence(Connection.objects.filter(worker__in=dead))
    _close(Connection.objects.filter(worker__seen_at__lt=expired))


def forget_closed() -> None:
    """Delete the connections that closed more than `KEEP_CLOSED` ago, and their workers."""
    until = timezone.now() - KEEP_CLOSED
    Connection.objects.filter(closed_at__lt=until).delete()
    Worker.objects.filter(seen_at__lt=until, connections=None).delete()


@transaction.atomic
def retire(*, worker: UUID) -> None:
    """Close what is still open at a worker that stops, and tell the rooms of those who are away."""
    _close(Connection.objects.filter(worker=worker))


def beat_every() -> float:
    """Seconds between two beats: one may be lost, and the next one late."""
    return float(min(limits["PRESENCE_EXPIRY"] / 3, limits["PARTNER_GONE_AFTER"] / 4))


def _lock_open_connections(users: Collection[int]) -> list[Connection]:
    """The open sockets of the users, under locks taken in one order.

    Of two sockets of a user that close at two workers at once, one has to see that the other has
    closed.
    """
    return list(
        presence.open_connections()
        .filter(user__in=users)
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )


def _users_heard(connections: Iterable[Connection]) -> set[int]:
    return {one.user_id for one in connections if one.silent_since is None}


def _heard(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    return connections.filter(closed_at=None, silent_since=None)


def _silence(connections: QuerySet[Connection]) -> None:
    gone = _take(_heard(connections))
    Connection.objects.filter(id__in=gone).update(silent_since=Subquery(_LAST_BEAT))
    _tell_away(set(gone.values()))


def _close(connections: QuerySet[Connection]) -> None:
    gone = _take(connections.filter(closed_at=None))
    silent = Connection.objects.filter(id__in=gone, silent_since__isnull=False)
    known = set(silent.values_list("id", flat=True))
    Connection.objects.filter(id__in=gone).update(
        closed_at=Coalesce("silent_since", Subquery(_LAST_BEAT))
    )
    _tell_away({user for connection, user in gone.items() if connection not in known})


def _take(connections: QuerySet[Connection]) -> dict[UUID, int]:
    """The users by connection, under locks. What another process takes at the same time is for
    that one to tell."""
    return dict(
        connections.select_for_update(skip_locked=True, no_key=True, of=("self",)).values_list(
            "id", "user_id"
        )
    )


def _tell_away(users: set[int]) -> None:
    """Tell the rooms of those of the users who are not online."""
    here = set(
        presence.online_connections().filter(user__in=users).values_list("user_id", flat=True)
    )
    for user, name in User.objects.filter(id__in=users - here).values_list("id", "username"):
        tell.away(user, name)
