"""One worker of `manage.py serve`: a daphne server on a socket that its parent listens on.

It is a fork of its parent, or it is started as
`python -m peerchat.server.worker <listening fd> <parent fd>`. When it has loaded everything, it
tells its parent and waits for permission to serve.
"""

import argparse
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from typing import Any, NoReturn

import django
from channels.routing import get_default_application
from django.template import engines
from django.urls import get_resolver

from peerchat.server.processes import ALIVE, LOADED, SERVING, STOP_WITHIN
from rooms.conf import limits

ALIVE_EVERY = 2.0  # seconds between two signs of life
# What only workers need, so that other commands need not import it.
_LATER = (
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "peerchat.server.requests",
    "peerchat.server.websocket",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="peerchat.server.worker")
    parser.add_argument("listener", type=int)
    parser.add_argument("parent", type=int)
    parser.add_argument("--access-log", action="store_true")
    options = parser.parse_args()

    # Imported objects stay, so garbage collections during the imports would find nothing, and take
    # a fifth of the time.
    gc.disable()
    parent = socket.socket(fileno=options.parent)
    may_serve = _listen_to(parent)
    django.setup()
    load()
    _serve(options.listener, parent, may_serve, access_log=options.access_log)


def load() -> None:
    """Import all that a worker needs but Twisted's reactor, which forks cannot share."""
    for name in _LATER:
        import_module(name)
    get_default_application()
    # The first request would wait for these, and all others with it.
    _ = get_resolver().url_patterns
    engines.all()
    # Full collections skip the objects that are here now. Otherwise each would stop a worker for a
    # tenth of a second, and write to memory that forks share. One in fifty is garbage, for which
    # another tenth now is too long.
    gc.freeze()


def run(parent: socket.socket, *, listener: int, access_log: bool) -> NoReturn:
    """Serve in a fork of a process that has called `load`."""
    _serve(listener, parent, _listen_to(parent), access_log=access_log)


def _serve(
    listener: int, parent: socket.socket, may_serve: threading.Event, *, access_log: bool
) -> NoReturn:
    from peerchat.server.requests import AccessLog  # as the next one
    from peerchat.server.server import Server, install  # installs Twisted's reactor

    gc.enable()
    # Sockets are many objects that stay. While a class connects, collections would take a fifth of
    # the time.
    gc.set_threshold(5_000, 10, 20)
    install()
    limit = limits["FRAME_LIMIT"]
    server = Server(
        application=get_default_application(),
        endpoints=[f"fd:fileno={listener}"],
        action_logger=AccessLog(sys.stderr) if access_log else None,
        ping_interval=limits["PING_INTERVAL"],
        ping_timeout=limits["PING_TIMEOUT"],
        websocket_handshake_timeout=20,  # in seconds, as a whole class may arrive at once
        websocket_timeout=-1,  # daphne's own would close each socket after a day
        websocket_max_message_size=limit,
        websocket_max_frame_size=limit,
        ready_callable=lambda: _tell_life(parent),
        verbosity=0,
        server_name="peerchat",
    )
    parent.send(LOADED)
    may_serve.wait()
    server.run()
    # A normal exit would wait for threads, which may wait for a database that does not answer. All
    # work that could be finished is.
    logging.shutdown()
    os._exit(0)


def _tell_life(parent: socket.socket) -> None:
    """Tell the parent when this process serves, and from then on that it is alive."""
    from twisted.internet import reactor as installed  # not before daphne has chosen it

    reactor: Any = installed

    def tell(what: bytes) -> None:
        with contextlib.suppress(OSError):  # the parent does not read, or is gone
            parent.send(what, socket.MSG_DONTWAIT)
        reactor.callLater(ALIVE_EVERY, tell, ALIVE)

    reactor.callWhenRunning(tell, SERVING)


def _listen_to(parent: socket.socket) -> threading.Event:
    """Return what is set when the parent lets this process serve.

    The process stops when the parent is gone. A thread listens, since the event loop may hang.
    """
    may_serve = threading.Event()
    threading.Thread(target=_listen, args=(parent, may_serve), daemon=True).start()
    return may_serve


def _listen(parent: socket.socket, may_serve: threading.Event) -> None:
    # If the parent was killed before it read all messages, the connection is reset.
    with contextlib.suppress(ConnectionResetError):
        while parent.recv(1):
            may_serve.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_WITHIN)
    os._exit(1)


if __name__ == "__main__":
    main()
