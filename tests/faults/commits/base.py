"""Django looks for the backend here."""

import os
import signal

from django.db import OperationalError
from django.db.backends.postgresql import base

from tests.faults import switches


class DatabaseWrapper(base.DatabaseWrapper):
    """A backend that makes a commit with something to publish fail, if a switch tells it to.

    Notices are published after the commit, and the command is acknowledged after that.
    """

    def _commit(self) -> None:
        matters = bool(self.run_on_commit)
        if matters and switches.take(switches.CUT_BEFORE):
            self.connection.close()
        super()._commit()  # type: ignore[misc]
        if matters and switches.take(switches.KILL):
            os.kill(os.getpid(), signal.SIGKILL)
        if matters and switches.take(switches.CUT_AFTER):
            self.connection.close()
            raise OperationalError("the connection was lost before the answer came")
