"""One worker of `manage.py serve`: a daphne server on a socket that its parent listens on.

Started by `peerchat.supervisor` as `python -m peerchat.worker <listening fd> <parent fd>`.
"""

import argparse
import gc
import os
import signal
import socket
import sys
import threading
import time

import django
from channels.routing import get_default_application
from daphne.access import AccessLogGenerator

from peerchat.supervisor import STOP_WITHIN
from rooms.conf import limits

PING_INTERVAL, PING_TIMEOUT = 20, 30  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="peerchat.worker")
    parser.add_argument("listener", type=int)
    parser.add_argument("parent", type=int)
    parser.add_argument("--access-log", action="store_true")
    options = parser.parse_args()

    parent = socket.socket(fileno=options.parent)
    threading.Thread(target=_outlive_no_parent, args=(parent,), daemon=True).start()

    django.setup()
    from peerchat.server import Server  # installs Twisted's reactor, so not before daphne's app

    application = get_default_application()
    # What is imported by now stays: without this each full collection looks through all of it,
    # which stops the process for a tenth of a second.
    gc.collect()
    gc.freeze()
    limit = limits["FRAME_LIMIT"]
    Server(
        application=application,
        endpoints=[f"fd:fileno={options.listener}"],
        action_logger=AccessLogGenerator(sys.stderr) if options.access_log else None,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        websocket_handshake_timeout=20,  # in seconds, as a whole class may arrive at once
        websocket_timeout=-1,  # daphne's own would close each socket after a day
        websocket_max_message_size=limit,
        websocket_max_frame_size=limit,
        ready_callable=lambda: parent.send(b"r"),
        verbosity=0,
        server_name="peerchat",
    ).run()


def _outlive_no_parent(parent: socket.socket) -> None:
    """Stops this process when its parent is gone. In a thread, since the event loop may hang."""
    while parent.recv(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_WITHIN)
    os._exit(1)


if __name__ == "__main__":
    main()
