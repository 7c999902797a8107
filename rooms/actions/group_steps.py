"""The steps that concern partner groups, with a row for each command, as in `steps`."""

from datetime import datetime

from rooms.actions import group_talk, regroup, seating
from rooms.actions.steps import Step
from rooms.models import ClassSession
from rooms.peer.phases import Phase
from rooms.wire.commands import (
    Control,
    MoveStudent,
)
from rooms.wire.group_commands import (
    JoinGroups,
    SayToGroup,
    SlowGroups,
    SplitGroup,
    TellGroups,
    VisitGroup,
)

_NOT_MOVING: frozenset[Phase] = frozenset()


def _move_student(session: ClassSession, command: MoveStudent, now: datetime) -> ClassSession:
    seating.move_student(session, username=command.username, number=command.group)
    return session


GROUP_STEPS: dict[type[Control], Step] = {
    MoveStudent: Step(_move_student, moves=_NOT_MOVING),
    SplitGroup: Step(regroup.split, known_before=regroup.split_before, moves=_NOT_MOVING),
    JoinGroups: Step(regroup.join, known_before=group_talk.said_before, moves=_NOT_MOVING),
    VisitGroup: Step(group_talk.visit, known_before=group_talk.said_before, moves=_NOT_MOVING),
    SayToGroup: Step(group_talk.say, known_before=group_talk.said_before, moves=_NOT_MOVING),
    TellGroups: Step(group_talk.tell_all, known_before=group_talk.said_before, moves=_NOT_MOVING),
    SlowGroups: Step(group_talk.slow_down, moves=_NOT_MOVING),
}
