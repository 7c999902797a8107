"""The bars on the screen of the hall before the reveal.

The functions here run in the transaction of a command, under the lock of the class session.
"""

from datetime import datetime

from accounts import people
from rooms.actions import partners, tell, uselog
from rooms.models import ClassSession
from rooms.peer import phases
from rooms.peer.phases import Phase


def show(session: ClassSession, *, shown: bool, now: datetime) -> None:
    """Show the votes for each choice of the current question on the screen, or hide them."""
    wanted = session.epoch if shown else None
    if session.bars_epoch == wanted:
        return
    session.bars_epoch = wanted
    session.save(update_fields=["bars_epoch"])
    partners.count_change(session)
    round_ = session.current_round
    assert round_ is not None
    uselog.record(
        [
            uselog.row(
                sid=people.username(session.controller),
                user=session.controller_id,
                event="peer",
                act="show_bars" if shown else "hide_bars",
                course_id=session.course.slug,
                course=session.course_id,
                div_id=round_.question.slug,
                question=round_.question_id,
                timestamp=now,
            )
        ]
    )
    tell.figures_changed(session.course_id)


def carry(session: ClassSession, to: Phase) -> None:
    """Keep the bars through the transition that the class is about to make, or let them go."""
    if session.bars_epoch is None:
        return
    is_shown = session.bars_epoch == session.epoch
    keeps = is_shown and phases.keeps_bars(Phase(session.phase), to)
    session.bars_epoch = session.epoch + 1 if keeps else None
