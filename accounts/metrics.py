"""What a process counts of logging in, for Prometheus; `rooms.metrics` tells it with the rest."""

from prometheus_client import Counter, Gauge, Histogram

HASH_SECONDS = Histogram(
    "peerchat_password_hash_seconds",
    "How long password hashes took, of right, wrong and new passwords.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
HASH_QUEUE = Gauge(
    "peerchat_password_queue", "Passwords that wait for their hash.", multiprocess_mode="livesum"
)
REFUSED = Counter(
    "peerchat_logins_refused", "Log-ins that were told to come later, as too many waited."
)
