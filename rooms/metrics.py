"""Metrics of a process for Prometheus.

No label names a person, a room or a course. With several workers, each one writes its figures to a
file of its own, and the worker that is asked adds them up.
"""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable with the folder of those files, which the library reads when it is imported."""
PREFIX = "peerchat-metrics-"
"""How the names of the folders begin that `serve` uses, in manage.py, too."""

CONNECTIONS = Gauge("peerchat_connections", "Open WebSockets.", multiprocess_mode="livesum")
WAITING_REQUESTS = Gauge(
    "peerchat_waiting_requests", "Requests waiting for a message.", multiprocess_mode="livesum"
)
CLOSED = Counter("peerchat_closed", "WebSockets closed by the server, by close code.", ["code"])
STORED = Counter("peerchat_messages_stored", "Messages committed.")
BATCHES = Histogram(
    "peerchat_batch_seconds",
    "Time taken by the writer's transactions.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
BATCH_ITEMS = Counter("peerchat_batch_items", "Items stored by the writer.")
WRITER_QUEUE = Gauge(
    "peerchat_writer_queue", "Items waiting for the writer.", multiprocess_mode="livesum"
)
PUBLISH_QUEUE = Gauge(
    "peerchat_publish_queue",
    "Entries waiting for the channel layer.",
    multiprocess_mode="livesum",
)
PUBLISH_DROPPED = Counter(
    "peerchat_publish_dropped", "Entries dropped after waiting too long for the channel layer."
)
DELIVERIES = Counter("peerchat_deliveries", "Event frames written to sockets.")
GAPS = Counter("peerchat_gaps_filled", "Messages fetched after the channel layer lost them.")
LAYER_ERRORS = Counter(
    "peerchat_channel_layer_errors",
    "Channel-layer failures, by operation.",
    ["operation"],
)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def are_shared() -> bool:
    """Return whether manage.py has made a folder for `serve`; one of another site is not for it."""
    return Path(os.environ.get(FOLDER, "")).name.startswith(PREFIX)


def figures() -> bytes:
    """Return the figures of all workers in the format of Prometheus."""
    registry = REGISTRY
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry)
