"""Runs the site: a supervised pool of daphne workers."""

import asyncio
import contextlib
import logging
import os
import resource
import socket
from argparse import ArgumentParser
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections

from accounts.outages import in_one_line
from peerchat import migrations_left
from peerchat.server import processes, worker
from peerchat.server.supervisor import Supervisor
from rooms import metrics

logger = logging.getLogger(__name__)

BACKLOG = 4096  # a class connects within a second
IN_PROCESS = "channels.layers.InMemoryChannelLayer"


class Command(BaseCommand):
    help = (
        "Serves HTTP and WebSockets with a pool of worker processes on one listening socket, and "
        "restarts a worker that dies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--workers",
            type=int,
            default=1,
            help="number of processes; more than one needs REDIS_URL (default: 1)",
        )
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="port to listen on; 0 picks a free one (default: 8000)",
        )
        parser.add_argument(
            "--bind", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
        )
        parser.add_argument(
            "--access-log", action="store_true", help="write a line per request to standard error"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        workers: int = options["workers"]
        if workers < 1:
            raise CommandError("--workers must be at least 1.")
        alone = settings.CHANNEL_LAYERS["default"]["BACKEND"] == IN_PROCESS
        if workers > 1 and alone:
            raise CommandError(
                f"{workers} workers need REDIS_URL. Without Redis, a message reaches only the "
                "people on the worker that accepted it. Set REDIS_URL or use --workers 1."
            )
        storage: Any = staticfiles_storage
        if isinstance(storage, ManifestStaticFilesStorage) and not storage.hashed_files:
            raise CommandError(
                f"No static files in {settings.STATIC_ROOT}: run manage.py collectstatic."
            )
        self._raise_descriptor_limit()
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(self._listen(options["bind"], options["port"]))
            forked = []
            if metrics.are_shared():
                worker.load()
                # Forks cannot share connections. What the site loads may have opened some.
                connections.close_all()
                forked = processes.fork(
                    workers,
                    partial(
                        worker.run, listener=listener.fileno(), access_log=options["access_log"]
                    ),
                )
            self._tell_what_the_database_lacks(workers)
            if not metrics.are_shared():
                # Not started by manage.py: this process has loaded the metrics of a single one.
                os.environ[metrics.FOLDER] = stack.enter_context(
                    TemporaryDirectory(prefix=metrics.PREFIX)
                )
            host, port = listener.getsockname()[:2]
            origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            url = f"{origin}{(settings.FORCE_SCRIPT_NAME or '').rstrip('/')}/"
            supervisor = Supervisor(
                listener,
                workers,
                forked=forked,
                arguments=["--access-log"] if options["access_log"] else [],
                # Two processes that cannot reach each other must not serve at the same time.
                overlap=not alone,
                on_ready=lambda: self._announce(f"Serving on {url} with {workers} worker(s)."),
            )
            asyncio.run(supervisor.run())

    def _tell_what_the_database_lacks(self, workers: int) -> None:
        """Tell it and go on, as `serve` also starts while the database is away."""
        if workers > 1 and connection.vendor == "sqlite":
            logger.warning(
                "%d workers share a SQLite database, so their writes wait for one another. "
                "Use PostgreSQL or --workers 1.",
                workers,
            )
        try:
            missing = migrations_left.missing_at_start()
        except Exception as error:
            logger.warning("Cannot read the database: %s", in_one_line(error))
        else:
            if missing:
                logger.error("%s", migrations_left.advice(missing))

    def _raise_descriptor_limit(self) -> None:
        """Raise the soft limit of descriptors. Each socket needs one, and 1024 are too few."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def _announce(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _listen(self, bind: str, port: int) -> socket.socket:
        if not 0 <= port <= 65_535:
            raise CommandError(f"Cannot listen on {bind} port {port}: the port must be 0 to 65535.")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except OSError as error:
            raise CommandError(f"Cannot listen on {bind} port {port}: {error}.") from error
        with contextlib.ExitStack() as undo:
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(address)
                listener.listen(BACKLOG)
            except OSError as error:
                raise CommandError(f"Cannot listen on {bind} port {port}: {error}.") from error
            undo.pop_all()
        return listener
