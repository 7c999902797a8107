"""Who is connected: written when sockets open and close, and at each beat of a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from rooms import groups, publish, queries
from rooms.conf import limits
from rooms.envelope import Close
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


def beat(*, worker: UUID) -> None:
    """Tell that the worker is alive, and forget workers and connections that are long gone."""
    now = timezone.now()
    Worker.objects.update_or_create(id=worker, defaults={"seen_at": now})
    dead = now - timedelta(seconds=2 * limits["PRESENCE_EXPIRY"])
    Worker.objects.filter(seen_at__lt=dead).delete()
    Connection.objects.filter(closed_at__lt=now - KEEP_CLOSED).delete()


def retire(*, worker: UUID) -> None:
    """Forget a worker that stops, with its connections."""
    Worker.objects.filter(id=worker).delete()
