"""Makes users who are logged in and prints their session keys, a line each:
`python -m tests.benchmarks.peers.stock.people <number>`."""

import os
import sys
import uuid

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.peers.stock.settings"
django.setup()

# These need the apps that the call above loads.
from django.contrib.auth.models import User  # noqa: E402

from tests.benchmarks.sessions import log_in  # noqa: E402


def main() -> None:
    prefix = uuid.uuid4().hex[:8]
    made = User.objects.bulk_create(
        User(username=f"{prefix}-{n}", password="!") for n in range(int(sys.argv[1]))
    )
    sys.stdout.write("\n".join(log_in(made)) + "\n")


if __name__ == "__main__":
    main()
