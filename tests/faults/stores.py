"""The servers behind the site, which can be killed, frozen and started again."""

import os
import signal

from tests.pace import patient
from tests.running import children
from tests.servers import Postgres, Redis, Server

GONE_WITHIN = patient(20.0)  # seconds


class Faulty(Server):
    """A server of which a test can do without for a while."""

    def _processes(self) -> list[int]:
        """All of its processes, the first one first."""
        assert self.process is not None
        return [self.process.pid, *sorted(children(self.process.pid))]

    def kill(self, number: signal.Signals) -> None:
        """End it with this signal; `start` brings it back."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(GONE_WITHIN)
        self.process = None

    def freeze(self) -> None:
        """Let it answer nothing any more, with its sockets open."""
        # The first one first, so that it starts no others meanwhile.
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.thaw()
        super().stop()


class FaultyPostgres(Faulty, Postgres):
    """PostgreSQL. Only a durable one keeps what it has committed when it is killed."""


class FaultyRedis(Faulty, Redis):
    """Forgets everything with each start."""
