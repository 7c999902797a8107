"""The signals that tell the code of a site what happened; `peerchat.signals` documents them.

An action sends a signal when its transaction commits. A receiver that raises is logged by Django
and changes nothing. An action does nothing for a signal without receivers.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from rooms.actions import tell
from rooms.queries import tryouts

class_started = Signal()
question_revealed = Signal()
message_posted = Signal()
student_joined = Signal()


def send(signal: Signal, **facts: Any) -> None:
    """Send a signal when the current transaction commits, or at once outside a transaction."""
    send_each(signal, [facts])


def send_each(signal: Signal, each: Sequence[dict[str, Any]]) -> None:
    """Send a signal once for each of several things that the current transaction did.

    What happens in a try-out is removed with it, so the site hears nothing of it.
    """
    if not each or not signal.has_listeners():
        return
    tried = tryouts.slugs_in_try_outs({facts["course"] for facts in each})
    real = [facts for facts in each if facts["course"] not in tried]
    if real:
        transaction.on_commit(partial(_committed, signal, real))


def _committed(signal: Signal, each: Sequence[dict[str, Any]]) -> None:
    # What the same transaction told must not wait for receivers.
    tell.at_once()
    for facts in each:
        signal.send_robust(sender=None, **facts)
