"""`manage.py serve` as a process: its workers die, it is stopped, it is killed."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from peerchat.server.worker import ALIVE_EVERY
from peerchat.settings import channel_layer
from tests import migrated
from tests.pace import patient
from tests.running import Site, alive, environment, manage, unmeasured, until
from tests.servers import ROOT


def get(url: str) -> int:
    with urllib.request.urlopen(url, timeout=patient(10)) as response:
        return response.status


async def test_one_worker_needs_neither_postgresql_nor_redis(site, tmp_path):
    """At an address of IPv6, which is all the same to what follows."""
    env = environment(REDIS_URL="", DATABASE_URL=f"sqlite:///{tmp_path / 'site.sqlite3'}")
    running = await asyncio.to_thread(lambda: site(env=env, bind="::1"))
    assert running.url.startswith("http://[::1]:")
    await asyncio.to_thread(it_serves_as_soon_as_there_are_tables, running, tmp_path)
    await what_there_is_not_is_refused_cleanly(running)
    await asyncio.to_thread(is_stopped_by, running, signal.SIGTERM)


def it_serves_as_soon_as_there_are_tables(running, tmp_path):
    """Check what it says before and after `migrate`."""
    assert get(f"{running.url}healthz") == 200
    # It also starts before `migrate`, and says what is missing.
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(f"{running.url}readyz")
    assert re.search(r"lacks the migration \S+ and \d+ more: run man", running.log.read_text())
    migrated.copy_sqlite(tmp_path / "site.sqlite3")
    assert get(f"{running.url}readyz") == 200
    assert len(running.workers()) == 1


async def what_there_is_not_is_refused_cleanly(running):
    """Check that handshakes at wrong addresses, or with a wrong token, get a plain refusal."""
    # A path that does not exist.
    for path in ("/nowhere", "/ws/", "/ws/chat", "/ws/chat/more/", "/ws/%F0%9F%92%A9/"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(running.socket_url + path, proxy=None)
        assert refused.value.response.status_code == 403, path
    assert "Traceback" not in running.log.read_text()
    # Wrong credentials.
    with pytest.raises(InvalidStatus) as refused:
        await connect(
            f"{running.socket_url}/ws/chat/",
            additional_headers={"Authorization": "Bearer pc_wrong"},
            proxy=None,
        )
    assert refused.value.response.status_code == 403
    assert "pc_wrong" not in running.log.read_text()


def test_several_workers_without_redis_are_refused(transactional_db, settings):
    settings.CHANNEL_LAYERS = {"default": channel_layer("")}
    with pytest.raises(CommandError, match="2 workers need REDIS_URL"):
        call_command("serve", "--workers", "2", "--port", "0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "0"], "--workers must be at least 1"),
        (["--bind", "nowhere.invalid"], "Cannot listen on nowhere.invalid"),
        (["--port", "70000"], "Cannot listen on 127.0.0.1 port 70000"),
    ],
)
def test_what_cannot_be_served_is_refused(transactional_db, arguments, message):
    with pytest.raises(CommandError, match=re.escape(message)):
        call_command("serve", *arguments)


def test_a_port_in_use_is_refused(transactional_db):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1 port {port}"):
            call_command("serve", "--port", str(port))


def test_missing_static_files_are_named(transactional_db, tmp_path):
    env = environment(STATIC_ROOT=str(tmp_path))
    done = manage("serve", "--skip-checks", env=env, measured=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "run manage.py collectstatic" in done.stderr


def test_a_dead_worker_is_started_again_and_none_outlives_a_killed_parent(site):
    running = site(workers=2, measured=True)
    first = running.workers()
    assert len(first) == 2
    victim, other = sorted(first)
    os.kill(victim, signal.SIGKILL)
    until(lambda: not alive(victim))
    assert get(f"{running.url}healthz") == 200
    until(lambda: len(running.workers()) == 2)
    assert running.workers() != first
    assert other in running.workers()
    assert re.search(
        r"Worker \d was ended by SIGKILL; starting it again in 0.5 s", running.log.read_text()
    )
    workers = running.workers()
    os.kill(running.pid, signal.SIGKILL)
    running.process.wait()
    until(lambda: not any(map(alive, workers)))


def in_megabytes(pid: int, what: str) -> float:
    """What a process has of a kind of memory."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    assert found
    return int(found[1]) / 1024


def test_the_first_workers_share_what_their_parent_has_loaded(site):
    running = site(workers=2)
    for worker in running.workers():
        assert in_megabytes(worker, "Private_Dirty") < in_megabytes(worker, "Rss") / 2


THREAD = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
ASKING = """
from django.apps import AppConfig
class Asking(AppConfig):
    name = label = "asking"
    def ready(self):
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
"""


@pytest.mark.parametrize("pooled", [True, False])
def test_a_site_may_have_threads_and_connections_of_its_own(site, tmp_path, pooled):
    """Its settings start a thread, or one of its apps asks the database while it is loaded."""
    (tmp_path / "asking").mkdir()
    (tmp_path / "asking" / "__init__.py").write_text(ASKING)
    (tmp_path / "own_settings.py").write_text(
        f"""
from tests.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "asking.Asking"]
{THREAD if pooled else 'DATABASES["default"]["OPTIONS"].pop("pool", None)'}
"""
    )
    env = environment(DJANGO_SETTINGS_MODULE="own_settings", PYTHONPATH=str(tmp_path))
    running = site(workers=2, env=env)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(get, [f"{running.url}readyz"] * 100)) == {200}
    assert len(running.workers()) == 2


def test_the_folder_of_the_metrics_outlives_its_name_in_a_fork():
    """From Python 3.13 on, a fork of multiprocessing forgets what was to be done at the end."""
    lines = (
        *("import atexit, gc, os, manage", "manage.share_metrics()"),
        *("pid = os.fork()", "if not pid: atexit._clear(); gc.collect(); os._exit(0)"),
        *("os.waitpid(pid, 0)", "print(os.path.isdir(os.environ['PROMETHEUS_MULTIPROC_DIR']))"),
    )
    command = [sys.executable, "-c", "\n".join(lines)]
    told = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=patient(20), check=True
    )
    assert told.stdout == "True\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_ended_while_it_starts_leaves_nothing(transactional_db, tmp_path, number):
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--skip-checks"]
    with subprocess.Popen(
        command, cwd=ROOT, env=unmeasured(environment(TMPDIR=str(tmp_path)))
    ) as starting:
        until(lambda: list(tmp_path.glob("peerchat-metrics-*")))
        starting.send_signal(number)
        assert starting.wait(patient(20)) == 128 + number
    assert list(tmp_path.glob("peerchat-metrics-*")) == []


def test_a_dead_worker_is_started_again_where_its_end_is_hidden(transactional_db, tmp_path):
    """Some launchers ignore SIGCHLD, and what they start does, too."""
    running = Site(tmp_path)
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    running._command[1:1] = ["-c", ignoring]
    with running:
        [worker] = running.workers()
        os.kill(worker, signal.SIGKILL)
        until(lambda: running.workers() - {worker})
        until(lambda: get(f"{running.url}healthz") == 200)


@pytest.mark.long
def test_the_wait_grows_while_a_worker_keeps_dying(site):
    running = site()
    for count, wait in enumerate(("0.5", "1", "2", "4"), start=1):
        worker = until(running.workers)
        os.kill(worker.pop(), signal.SIGKILL)
        until(lambda count=count: running.log.read_text().count("starting it again") == count)
        assert f"again in {wait} s" in running.log.read_text().splitlines()[-1]
    # A supervisor that is told to stop during the wait stops at once.
    assert running.stop(within=patient(3.5)) == 0


def is_stopped_by(running, number):
    """Send the signal to a site; check that it ends well, and all its workers with it."""
    workers = running.workers()
    os.kill(running.pid, number)
    assert running.process.wait(patient(20)) == 0
    assert not any(map(alive, workers))
    with pytest.raises(OSError, match="refused"):
        get(f"{running.url}healthz")


@pytest.mark.long
def test_a_worker_that_hangs_is_killed(site):
    running = site(workers=2)
    hanging = min(running.workers())
    workers = running.workers()
    os.kill(hanging, signal.SIGSTOP)
    assert running.stop(within=patient(15)) == 0
    assert not any(map(alive, workers))
    assert "did not stop within 12 s" in running.log.read_text()


def test_a_worker_does_not_outlive_a_parent_that_did_not_read_what_it_told_it(site):
    """The supervisor was slow, and was then killed because the machine had no memory left."""
    running = site(workers=1)
    [worker] = running.workers()
    os.kill(running.pid, signal.SIGSTOP)
    time.sleep(2 * ALIVE_EVERY)  # the worker reports that it is alive even if nobody reads it
    os.kill(running.pid, signal.SIGKILL)
    running.process.wait()
    until(lambda: not alive(worker))
