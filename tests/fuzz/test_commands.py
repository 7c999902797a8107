"""Anything over the sockets, by students, instructors, strangers and nobody at once."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from rooms.peer.phases import Phase
from rooms.wire.commands import Authenticate
from tests.fuzz.conftest import LIMIT, LONG, batches, told
from tests.fuzz.grammar import CHAT, DASHBOARD, Case, cases
from tests.fuzz.seats import CODES

EACH = 24
"""Frames of one example, spread over the sockets."""


def mostly(own, others):
    """Commands of a socket, and now and then those of another kind of socket."""
    # A command that the other kind of socket must refuse may be valid on this one.
    foreign = cases(others).map(lambda case: replace(case, refused=False))
    # A wrong token ends the socket, and later frames would not be tried.
    calm = cases(tuple(kind for kind in own if kind is not Authenticate))
    return st.one_of(*[calm] * 7, cases(own), foreign)


chat, dashboard = mostly(CHAT, DASHBOARD), mostly(DASHBOARD, CHAT)


def with_others(case):
    """A frame, now and then followed by one with its uuid: the same, or another text."""
    text = f'{{"uuid":{json.dumps(case.uuid)},"action":"new_message","room":"<room 0>","text":"x"}}'
    other = Case(text, case.uuid, "new_message") if case.uuid else case
    alone = 1 if case.action == "new_message" else 6
    return st.sampled_from([*[[case]] * alone, [case, case], [case, other]])


def by(seats, commands):
    return [st.tuples(st.just(name), commands.flatmap(with_others)) for name in seats]


moves = st.one_of(
    *by(("ada", "ada", "carl", "ines", "zoe", "nobody"), chat),
    *by(("board", "board", "assistant", "elsewhere"), dashboard),
)


def rare(actions):
    """Moves of those who may give these commands."""
    own = [[one for one in kinds if tag(one) in actions] for kinds in (CHAT, DASHBOARD)]
    seats = ("ada", "carl"), ("board", "assistant")
    return st.one_of(
        *(
            move
            for names, kinds in zip(seats, own, strict=True)
            if kinds
            for move in by(names, cases(tuple(kinds)))
        )
    )


def tag(kind):
    return str(kind.__struct_config__.tag)


def play(arena, moves, share, again=0):
    phases = itertools.cycle(Phase)
    for batch in batches(moves, share, EACH, again):
        with told(batch):
            arena.run(arena.play(next(phases), batch))
    arena.rooms_are_whole()


def unsuccessful(arena):
    done = {action for action, code in arena.answers if code == "success"}
    # The first of these two is not answered, the second by an event of another name.
    return {tag(kind) for kind in (*CHAT, *DASHBOARD)} - {"typing", "private_message"} - done


def unseen(arena):
    return CODES - {"rate_limited", "no_partner"} - {code for _, code in arena.answers}


@pytest.mark.timeout(LIMIT)
def test_commands(arena):
    play(arena, moves, 0.6)
    if LONG:
        # Few of all frames are right for where the class stands.
        for again in range(1, 6):
            if left := unsuccessful(arena) or (unseen(arena) and {"new_message"}):
                play(arena, rare(left), 0.05, again)
        assert unsuccessful(arena) == set()
        assert unseen(arena) == set()


@pytest.mark.timeout(LIMIT)
@pytest.mark.long
def test_commands_within_the_limits_of_a_site(arenas):
    play(arenas(MESSAGE_BURST="2", PUBLISH_BURST="2", SUBSCRIBE_BURST="2"), moves, 0.1)
