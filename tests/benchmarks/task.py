"""The task of the load client and its results, which are JSON on the way between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Task:
    """The task of one measurement. The works are in `works`.

    `sockets` are (URL, headers). A message of a socket is its (before, after) in `frames` with a
    number between them; there may be fewer frames than sockets. A frame that begins with `marker`
    is a delivery. A socket is ready when a frame came that begins with `ready`, or at once where
    that is empty.
    """

    work: str
    sockets: Sequence[tuple[str, Mapping[str, str]]]
    frames: Sequence[tuple[str, str]]
    marker: str
    ready: str
    pids: Sequence[int]
    """The server's workers."""
    warm_up: float
    seconds: float
    burst: int = 1
    """Messages that are posted at once, each by another socket."""
    pause: float = 0.0
    """Seconds between an answer and the next message."""
    quiet: float = 0.0
    """Seconds in which nothing is sent, at first, to see what the server takes by itself."""
    at_least: int = 5
    """Latencies to measure, however long that takes."""


@dataclass
class Measured:
    """The results. CPU is in seconds, of all processes of that kind; latencies are in seconds, from
    the sending to the event that each work names."""

    seconds: float = 0.0
    cpu: float = 0.0
    quiet_cpu: float = 0.0
    """CPU of the server in each second of the task's `quiet`."""
    redis_cpu: float = 0.0
    postgres_cpu: float = 0.0
    client_cpu: float = 0.0
    """CPU of the load client: if it is near `seconds`, the client itself was the limit."""
    redis_commands: int = 0
    wal: int = 0
    """Bytes of PostgreSQL's write-ahead log, which is also what a replica gets."""
    disk: int = 0
    """Bytes by which PostgreSQL's databases grew."""
    messages: int = 0
    deliveries: int = 0
    latencies: list[float] = field(default_factory=list)
    sent: int = 0
    """Messages of the whole run, warm-up included."""
    failures: int = 0
    """Sockets that did not get their `ready` frame; in `connect` only, elsewhere they end it."""
    memory: int = 0
    """Bytes that the workers took for the sockets of `idle`."""
    memory_before: int = 0
    """Bytes that they took before these sockets came."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """The figures of each step of `question`, with the `name` of the command."""
