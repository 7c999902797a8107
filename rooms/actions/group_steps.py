"""The steps that concern partner groups, with a row for each command, as in `steps`."""

from rooms.actions import group_talk, regroup
from rooms.actions.steps import Step
from rooms.peer.phases import Phase
from rooms.wire.commands import (
    Control,
    JoinGroups,
    SayToGroup,
    SlowGroups,
    SplitGroup,
    TellGroups,
    VisitGroup,
)

_NOT_MOVING: frozenset[Phase] = frozenset()

GROUP_STEPS: dict[type[Control], Step] = {
    SplitGroup: Step(regroup.split, known_before=regroup.split_before, moves=_NOT_MOVING),
    JoinGroups: Step(regroup.join, known_before=group_talk.said_before, moves=_NOT_MOVING),
    VisitGroup: Step(group_talk.visit, known_before=group_talk.said_before, moves=_NOT_MOVING),
    SayToGroup: Step(group_talk.say, known_before=group_talk.said_before, moves=_NOT_MOVING),
    TellGroups: Step(group_talk.tell_all, known_before=group_talk.said_before, moves=_NOT_MOVING),
    SlowGroups: Step(group_talk.slow_down, moves=_NOT_MOVING),
}
