#!/usr/bin/env python
"""Django's command line for peerchat."""

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from dotenv import load_dotenv


def main() -> None:
    # Imported objects stay. Collections that look for garbage among them are an eighth of a start,
    # and those of the interpreter's end would take a fifth of a short command.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    read_env_file()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")
    if sys.argv[1:2] == ["serve"]:
        share_metrics()
    # Settings must be named before anything of Django's that reads them is imported.
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")  # a sentence for whoever set up the site, not a traceback
    except OperationalError as error:
        # A command that met none does not load the module.
        from accounts.outages import in_one_line, is_outage

        if "--traceback" in sys.argv or not is_outage(error):
            raise
        sys.exit(f"The database of DATABASE_URL cannot be used: {in_one_line(error)}")


def read_env_file() -> None:
    """Reads .env beside this file, or the file that ENV_FILE names; with ENV_FILE empty, neither.

    What the environment already has stays as it is, an empty value included.
    """
    named = os.environ.get("ENV_FILE")
    path = Path(__file__).resolve().with_name(".env") if named is None else Path(named)
    if named == "" or (named is None and not path.exists()):
        return
    try:
        with path.open(encoding="utf-8") as lines:
            load_dotenv(stream=lines, override=False, interpolate=False)
    except OSError as error:
        sys.exit(f"Cannot read the settings in {path}: {error.strerror}.")


def share_metrics() -> None:
    """Make a folder for the metrics of all workers, which is removed at the end.

    The library of metrics must know it when it is imported, which is before a command runs.
    """
    # Until the command takes these signals itself, they would end the process without its end.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    # No object owns the folder, as the one in a fork would remove it.
    folder = tempfile.mkdtemp(prefix="peerchat-metrics-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


if __name__ == "__main__":
    main()
