"""Counts log-ins and outages for Prometheus; `rooms.metrics` exports the figures with the rest."""

from prometheus_client import Counter, Gauge, Histogram

HASH_SECONDS = Histogram(
    "peerchat_password_hash_seconds",
    "Time taken to hash passwords: right, wrong and new ones.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
HASH_QUEUE = Gauge(
    "peerchat_password_queue", "Passwords waiting to be hashed.", multiprocess_mode="livesum"
)
DATABASE_ERRORS = Counter(
    "peerchat_database_errors", "Requests, commands and jobs that the database failed."
)
REFUSED = Counter("peerchat_logins_refused", "Log-ins refused because too many were waiting.")
