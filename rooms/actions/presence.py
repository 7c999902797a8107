"""Who is connected: written when sockets open and close, and at each beat of a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.models import User
from rooms import groups, publish, queries
from rooms.conf import limits
from rooms.envelope import Close, Seen
from rooms.models import Connection, Worker

KEEP_CLOSED = timedelta(hours=1)
"""How long closed connections are kept, to tell who left just now."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A chat socket of a user that opened or closed at a worker."""

    connection: UUID
    user: int
    worker: UUID


@transaction.atomic
def open_connections(opened: Sequence[Coming]) -> list[bool]:
    """Note sockets that opened. The answer for each: whether its user was away until then.

    Of those who have more than they may, the oldest sockets are closed, wherever they are.
    """
    now = timezone.now()
    here: dict[int, list[UUID]] = {}
    for user, connection in (
        queries.open_connections()
        .filter(user__in={coming.user for coming in opened})
        .order_by("opened_at")
        .values_list("user_id", "id")
    ):
        here.setdefault(user, []).append(connection)
    Worker.objects.bulk_create(
        {w: Worker(id=w, seen_at=now) for w in {c.worker for c in opened}}.values(),
        ignore_conflicts=True,
    )
    Connection.objects.bulk_create(
        Connection(id=c.connection, worker_id=c.worker, user_id=c.user, opened_at=now)
        for c in opened
    )
    results = []
    for coming in opened:
        results.append(coming.user not in here)
        here.setdefault(coming.user, []).append(coming.connection)
    most = limits["SOCKETS_PER_USER"]
    for user, connections in here.items():
        for connection in connections[:-most]:
            publish.send(
                groups.EVERYONE,
                Close(4429, groups.account(user), connection=str(connection)),
            )
    return results


@transaction.atomic
def close_connections(closed: Sequence[Coming]) -> list[bool]:
    """Note sockets that closed. The answer for each: whether its user is away now."""
    closing = {coming.connection for coming in closed}
    # Under locks, taken in one order: of two sockets of a user that close at two workers at once,
    # one has to see that the other has closed.
    standing = (
        queries.open_connections()
        .filter(user__in={coming.user for coming in closed})
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
        .values_list("id", "user_id")
    )
    here = {user for connection, user in standing if connection not in closing}
    Connection.objects.filter(id__in=closing).update(closed_at=timezone.now())
    return [coming.user not in here for coming in closed]


@transaction.atomic
def beat(*, worker: UUID) -> None:
    """Tell that the worker is alive, and the rooms of those who are away since another one is not.

    Forgets what is long gone.
    """
    now = timezone.now()
    last = Worker.objects.filter(id=worker).values_list("seen_at", flat=True).first()
    Worker.objects.update_or_create(id=worker, defaults={"seen_at": now})
    Connection.objects.filter(closed_at__lt=now - KEEP_CLOSED).delete()
    Worker.objects.filter(seen_at__lt=now - KEEP_CLOSED, connections=None).delete()
    if last is None:
        return
    # Measured from the last beat: where the database was away for all, nobody else could beat.
    expiry = limits["PRESENCE_EXPIRY"]
    alive = min(now, last + timedelta(seconds=beat_every())) - timedelta(seconds=expiry)
    _close(Connection.objects.filter(worker__seen_at__lt=alive))


@transaction.atomic
def retire(*, worker: UUID) -> None:
    """Close what is still open at a worker that stops, and tell the rooms of those who are away."""
    _close(Connection.objects.filter(worker=worker))


def beat_every() -> float:
    """Seconds between two beats: one may be lost, and the next one late."""
    return float(limits["PRESENCE_EXPIRY"]) / 3


def _close(connections: QuerySet[Connection]) -> None:
    # What another process closes at the same time is for that one to tell.
    gone = dict(
        connections.filter(closed_at=None)
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .values_list("id", "user_id")
    )
    if not gone:
        return
    # When they were there for the last time, as far as is known.
    seen = Worker.objects.filter(pk=OuterRef("worker_id")).values("seen_at")
    Connection.objects.filter(id__in=gone).update(closed_at=Subquery(seen))
    users = set(gone.values())
    here = set(queries.open_connections().filter(user__in=users).values_list("user_id", flat=True))
    for user, name in User.objects.filter(id__in=users - here).values_list("id", "username"):
        for group, audiences in queries.audiences(user).items():
            publish.send(group, Seen(user, name, audiences, here=False))
