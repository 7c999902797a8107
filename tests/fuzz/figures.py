"""The resources of a worker: memory, objects, and its share of Redis and PostgreSQL."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import redis
from django.db import connection

from tests.pace import patient
from tests.running import Site, environment, until

FOLDER = Path(__file__).parent / "probe"

NAME = "worn"
"""The application name of the site's connections in PostgreSQL."""


@dataclass(frozen=True)
class Figures:
    """`memory` is in bytes, without what is shared; `held` and `instances` are counts by name."""

    memory: int
    objects: int
    held: Mapping[str, int]
    instances: Mapping[str, int]
    channels: int
    """Channels of Redis with subscribers."""
    redis_connections: int
    database_connections: int


def probed_environment(folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a site whose workers can be asked; `folder` is for what they tell."""
    env = environment(**changes)
    paths = [str(FOLDER), env.get("PYTHONPATH", "")]
    return {
        **env,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PROBE": str(folder),
        "PGAPPNAME": NAME,
        # All connections are open from the beginning, so that any further one is a leak.
        "DATABASE_POOL_MIN": "10",
        "DATABASE_POOL_MAX": "10",
    }


def read(site: Site, folder: Path) -> Figures:
    """The figures of a site with one worker and a Redis of its own."""
    [worker] = site.workers()
    told = folder / str(worker)
    told.unlink(missing_ok=True)
    os.kill(worker, signal.SIGUSR2)
    until(told.exists, within=patient(60))
    body = json.loads(told.read_text())
    with redis.Redis.from_url(site.env["REDIS_URL"]) as cache:
        channels = len(cache.pubsub_channels())
        clients = len(cache.client_list()) - 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            [NAME],
        )
        [database] = cursor.fetchone()
    return Figures(
        memory=own_memory(worker),
        objects=body["objects"],
        held=body["held"],
        instances=body["instances"],
        channels=channels,
        redis_connections=clients,
        database_connections=database,
    )


def own_memory(pid: int) -> int:
    """The bytes that would be free without the process."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(
        int(line.split()[1]) * 1024
        for line in rollup.splitlines()
        if line.startswith(("Private_Clean", "Private_Dirty", "Swap:"))
    )


BOUNDED = {"rooms.delivery.hub.Hub._news": 100}
"""The most entries of what grows and shrinks with the clock: the news of a minute, one for each
user, room and course."""


def grown(before: Figures, after: Figures) -> dict[str, tuple[int, int]]:
    """Return the counts that have grown."""
    found: dict[str, tuple[int, int]] = {}
    for kind in ("held", "instances"):
        old, new = getattr(before, kind), getattr(after, kind)
        found |= {
            name: (old.get(name, 0), count)
            for name, count in new.items()
            if count > max(old.get(name, 0), BOUNDED.get(name, 0))
        }
    for name in ("channels", "redis_connections", "database_connections"):
        if getattr(after, name) > getattr(before, name):
            found[name] = (getattr(before, name), getattr(after, name))
    return found
