"""Anything over the sockets, by students, instructors, strangers and nobody at once."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from rooms import protocol
from rooms.phases import Phase
from tests.fuzz.conftest import LONG, batches, told
from tests.fuzz.grammar import CHAT, DASHBOARD, cases
from tests.fuzz.seats import CODES

EACH = 24
"""Frames of one example, spread over the sockets."""


def mostly(own, others):
    """Commands of a socket, and now and then those of another kind of socket."""
    # What would be wrong there may be right here.
    foreign = cases(others).map(lambda case: replace(case, refused=False))
    # A wrong token ends the socket, and what comes after it is not tried.
    calm = cases(tuple(kind for kind in own if kind is not protocol.Authenticate))
    return st.one_of(*[calm] * 7, cases(own), foreign)


chat, dashboard = mostly(CHAT, DASHBOARD), mostly(DASHBOARD, CHAT)
again = st.sampled_from([False] * 7 + [True])
"""Whether a frame is sent twice."""
moves = st.one_of(
    *(
        st.tuples(st.just(name), chat, again)
        for name in ("ada", "ada", "carl", "ines", "zoe", "nobody")
    ),
    *(
        st.tuples(st.just(name), dashboard, again)
        for name in ("board", "board", "assistant", "elsewhere")
    ),
)


@pytest.mark.timeout(3600)
def test_commands(arena):
    phases = itertools.cycle(Phase)
    for batch in batches(moves, 0.6, EACH):
        with told(batch):
            arena.run(arena.play(next(phases), batch))
    arena.rooms_are_whole()
    if LONG:
        done = {action for action, code in arena.answers if code == "success"}
        # `typing` is not answered.
        assert {str(kind.__struct_config__.tag) for kind in (*CHAT, *DASHBOARD)} - {
            "typing"
        } <= done
        assert CODES - {"rate_limited"} <= {code for _, code in arena.answers}
