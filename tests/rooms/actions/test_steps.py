"""The table of what the commands of an instructor do to the class."""

from rooms.actions.group_steps import GROUP_STEPS
from rooms.actions.steps import STEPS
from rooms.peer import phases
from rooms.wire.commands import CONTROL_COMMANDS, Figures

ALL = STEPS | GROUP_STEPS


def test_every_command_that_does_something_to_the_class_has_a_row():
    assert set(ALL) == {*CONTROL_COMMANDS} - {Figures}
    assert {command.__struct_config__.tag for command in ALL} == phases.COMMANDS


def test_what_moves_the_class_has_a_name_in_every_phase_where_it_does():
    moving = [
        (command.__struct_config__.tag, phase)
        for command, step in ALL.items()
        for phase in step.moves
    ]
    assert [where for where in moving if phases.control_message(*where) is None] == []
