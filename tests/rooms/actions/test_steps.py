"""The table of what the commands of an instructor do to the class."""

from rooms.actions.steps import STEPS
from rooms.peer import phases
from rooms.peer.phases import Phase
from rooms.wire.commands import CONTROL_COMMANDS, Figures


def test_every_command_that_does_something_to_the_class_has_a_row():
    assert set(STEPS) == {*CONTROL_COMMANDS} - {Figures}
    assert {command.__struct_config__.tag for command in STEPS} == phases.COMMANDS


def test_what_moves_the_class_has_a_name_in_every_phase():
    moving = [command.__struct_config__.tag for command, step in STEPS.items() if step.moves]
    assert [
        (action, phase)
        for action in moving
        for phase in Phase
        if phases.control_message(action, phase) is None
    ] == []
