"""Where the members of a group are, by what they said."""

import pytest

from rooms.peer.places import common_place


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], ""),
        (["", ""], ""),
        (["hall", "hall"], "hall"),
        (["elsewhere", "elsewhere"], "elsewhere"),
        (["elsewhere", ""], "elsewhere"),
        (["hall", "elsewhere"], "both"),
        # Nobody is sent to look for somebody who may be at home.
        (["hall", ""], "both"),
    ],
)
def test_a_group_is_in_the_hall_if_all_said_so(places, expected):
    assert common_place(places) == expected
