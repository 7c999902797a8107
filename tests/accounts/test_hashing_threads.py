"""The threads that hash passwords: their niceness, and their state after a fork."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import hashing
from accounts.hashing import _INSIDE, Door, Queue
from tests.pace import patient

CAMPUS = "192.0.2.1"

linux = pytest.mark.skipif(sys.platform != "linux", reason="Threads have no priorities.")


def own_niceness():
    return os.getpriority(os.PRIO_PROCESS, 0)


def niceness_of_hashes(*, of_process):
    """Return the niceness of a queue's thread in a process that itself has this niceness."""

    def measure():
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), of_process)
        return Queue(1).run(own_niceness, None, _INSIDE)

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(measure).result(60)


@linux
def test_hashes_are_nicer_than_their_process():
    own = own_niceness()
    assert Queue(1).run(own_niceness, None, _INSIDE) == min(own + hashing.NICENESS, 19)
    assert niceness_of_hashes(of_process=own + 1) == min(own + 1 + hashing.NICENESS, 19)
    assert niceness_of_hashes(of_process=18) == 19


@linux
def test_where_priorities_are_forbidden_hashes_run_at_the_usual_one(monkeypatch):
    def forbid(*_):
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbid)
    # The job has a door: without one it would wait for ever if the thread has died.
    assert Queue(1).run(lambda: 1, Door("ada", CAMPUS), 0) == 1


FORK = """
import os, warnings
import django
django.setup()
from accounts import hashing
warnings.simplefilter("ignore")  # that there are threads is what this is about
encoded = hashing.make("correct horse")
child = os.fork()
correct, _ = hashing.check("correct horse", encoded)
if not child:
    os._exit(0 if correct else 1)
assert correct
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_a_process_that_has_hashed_may_fork():
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        timeout=patient(60),
        check=False,
    )
    assert done.returncode == 0
