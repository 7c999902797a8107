"""Presence in the database, written when sockets open and close and at each beat of a worker."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import people
from rooms.actions import tell
from rooms.conf import limits
from rooms.models import Connection, Worker
from rooms.queries import presence, tryouts

KEEP_CLOSED = timedelta(hours=1)
"""The time for which closed connections are kept, to find users who left just now."""
# The last known time at which the users of a worker's connections were there.
_LAST_BEAT = Worker.objects.filter(pk=OuterRef("worker_id")).values("seen_at")


@dataclass(frozen=True, slots=True)
class Coming:
    """A chat socket of a user that opened or closed at a worker.

    `opened` is the time at which it opened, and `last` the one at which the user was last there by
    it, if that is not the time of writing.
    """

    connection: UUID
    user: people.Key
    worker: UUID
    last: datetime | None = None
    opened: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """An open socket that fell silent, or is heard again if `silent_since` is None."""

    connection: UUID
    user: people.Key
    silent_since: datetime | None


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a worker's heartbeat.

    It has the time of the beat before, None for the first one, and the ids of the worker's open
    sockets that the database lists as silent. `unattended` tells whether a try-out waits for a
    worker.
    """

    before: datetime | None
    silent: frozenset[UUID]
    unattended: bool = False


@transaction.atomic
def open_connections(opened: Sequence[Coming]) -> list[bool]:
    """Record opened sockets, and return for each whether its user was away until then.

    If a user has too many sockets, those that opened first are closed, at whatever worker they are.
    """
    now = timezone.now()
    # With the time of opening, as sockets do not come here in the order in which they opened.
    open_by_user: dict[people.Key, list[tuple[datetime, UUID]]] = {}
    here: set[people.Key] = set()
    for user, connection, opened_at, silent_since in (
        presence.open_connections()
        .filter(user__in={coming.user for coming in opened})
        # They may be stored already, if the answer to an earlier commit was lost.
        .exclude(id__in=[coming.connection for coming in opened])
        .values_list("user_id", "id", "opened_at", "silent_since")
    ):
        open_by_user.setdefault(user, []).append((opened_at, connection))
        if silent_since is None:
            here.add(user)
    Worker.objects.bulk_create(
        {w: Worker(id=w, seen_at=now) for w in {c.worker for c in opened}}.values(),
        ignore_conflicts=True,
    )
    Connection.objects.bulk_create(
        (
            Connection(
                id=c.connection,
                worker_id=c.worker,
                user_id=c.user,
                opened_at=c.opened or now,
            )
            for c in opened
        ),
        ignore_conflicts=True,
    )
    results = []
    for coming in opened:
        results.append(coming.user not in here)
        here.add(coming.user)
        mine = open_by_user.setdefault(coming.user, [])
        mine.append((coming.opened or now, coming.connection))
    most = limits["SOCKETS_PER_USER"]
    for user, connections in open_by_user.items():
        for _, connection in sorted(connections)[:-most]:
            tell.close_surplus(user, connection)
    return results


@transaction.atomic
def close_connections(closed: Sequence[Coming]) -> list[bool]:
    """Record closed sockets, and return for each whether its user is away since then.

    A silent socket counts as closed at its last sign of life, because its user has been away since.
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
    """Record sockets that fell silent or are heard again.

    Return for each whether that changed its user from online to away or back.
    """
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
    # The lock waits for a process that just now takes the worker for dead, so that the answer
    # includes the sockets it silences.
    known = Worker.objects.filter(id=worker)
    found = (
        known.select_for_update(no_key=True)
        .values_list("seen_at", tryouts.any_unattended())
        .first()
    )
    before, unattended = found if found is not None else (None, False)
    now = timezone.now()
    if before is None:
        Worker.objects.bulk_create([Worker(id=worker, seen_at=now)], ignore_conflicts=True)
    else:
        known.update(seen_at=now)
    silent = Connection.objects.filter(worker=worker, closed_at=None, silent_since__isnull=False)
    return Beat(before, frozenset(silent.values_list("id", flat=True)), unattended)


def mind_the_dead(*, before: datetime) -> None:
    """Mark the sockets of workers without beats as silent, and close them after `PRESENCE_EXPIRY`.

    Such a worker may only hang. `before` is the time of the beat before the last one of the
    caller's own worker: if the database was away for all, no other worker could beat either.
    """
    alive = min(timezone.now(), before + timedelta(seconds=beat_every()))
    expiry = limits["PRESENCE_EXPIRY"]
    late = Worker.objects.filter(
        Exists(Connection.objects.filter(worker=OuterRef("pk"), closed_at=None)),
        seen_at__lt=alive - timedelta(seconds=min(limits["PARTNER_GONE_AFTER"], expiry)),
    )
    # All workers ask this all the time, and there is hardly ever a late worker.
    if late.exists():
        _see_to(late, expired=alive - timedelta(seconds=expiry))


@transaction.atomic
def _see_to(late: QuerySet[Worker], *, expired: datetime) -> None:
    # Under these locks none of the workers can beat until its sockets are handled.
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
    """Close the open sockets of a worker that stops, and tell the rooms which users are away."""
    _close(Connection.objects.filter(worker=worker))


def beat_every() -> float:
    """Return the seconds between two beats. One may be lost, and the next one late."""
    return float(min(limits["PRESENCE_EXPIRY"] / 3, limits["PARTNER_GONE_AFTER"] / 4))


def _lock_open_connections(users: Collection[people.Key]) -> list[Connection]:
    """Lock the open connections of the users in the order of their ids, and return them.

    If two sockets of a user close at two workers at once, one has to see that the other has closed.
    """
    return list(
        presence.open_connections()
        .filter(user__in=users)
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )


def _users_heard(connections: Iterable[Connection]) -> set[people.Key]:
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


def _take(connections: QuerySet[Connection]) -> dict[UUID, people.Key]:
    """Lock connections and return their users.

    Connections that another process has locked at the same time are left to that process.
    """
    return dict(
        connections.select_for_update(skip_locked=True, no_key=True, of=("self",)).values_list(
            "id", "user_id"
        )
    )


def _tell_away(users: set[people.Key]) -> None:
    """Tell the rooms of the users who are not online."""
    here = set(
        presence.online_connections().filter(user__in=users).values_list("user_id", flat=True)
    )
    away = people.everybody().filter(pk__in=users - here)
    for user, name in away.values_list("pk", people.by_name()):
        tell.away(user, str(name))
