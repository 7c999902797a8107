"""The argument on the screen of the hall.

The function runs in the transaction of a command, under the lock of the class session.
"""

from datetime import datetime

from accounts import people
from rooms.actions import partners, tell, uselog
from rooms.models import ClassSession, ShownArgument
from rooms.queries.arguments import visible_arguments
from rooms.wire.commands import ShowArgument
from rooms.wire.errors import NoSuchArgument


def show_argument(session: ClassSession, command: ShowArgument, now: datetime) -> ClassSession:
    """Show an argument of the current question on the screen, instead of another, or none.

    Showing what is shown already changes nothing.

    Raises NoSuchArgument, also for one whose author does not let others see it.
    """
    round_, argument = session.current_round, command.argument
    assert round_ is not None
    shown = ShownArgument.objects.filter(round=round_).first()
    if argument is None:
        if shown is None:
            return session
        shown.delete()
    else:
        # The first round has none.
        found, _ = visible_arguments(session.course, round_)
        chosen = next((one for one in found if one.key == argument), None)
        if chosen is None:
            raise NoSuchArgument
        if shown is not None and (shown.message_id, shown.vote_id) == (chosen.message, chosen.vote):
            return session
        ShownArgument.objects.update_or_create(
            round=round_,
            defaults={"message_id": chosen.message, "vote_id": chosen.vote, "shown_at": now},
        )
    partners.count_change(session)
    uselog.record(
        [
            uselog.row(
                sid=people.username(session.controller),
                user=session.controller_id,
                event="peer",
                act="hide_argument" if argument is None else "show_argument",
                course_id=session.course.slug,
                course=session.course_id,
                div_id=round_.question.slug,
                question=round_.question_id,
                timestamp=now,
            )
        ]
    )
    tell.figures_changed(session.course_id)
    return session
