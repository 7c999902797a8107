"""Django looks for the backend here."""

import os
import signal

from django.db.backends.postgresql import base

from tests.faults import switches


class DatabaseWrapper(base.DatabaseWrapper):
    """Kills the process, where it is told to, when something is committed that nobody knows yet."""

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        # What is to be published is told after the commit, and acknowledged after that.
        if self.run_on_commit and switches.take(switches.KILL):
            os.kill(os.getpid(), signal.SIGKILL)
