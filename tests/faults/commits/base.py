"""Django looks for the backend here."""

import os
import signal

from django.db import OperationalError
from django.db.backends.postgresql import base

from tests.faults import switches


class DatabaseWrapper(base.DatabaseWrapper):
    """Lets a commit come to grief, where it is told to, that has something to publish.

    What is published is told after the commit, and acknowledged after that.
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
