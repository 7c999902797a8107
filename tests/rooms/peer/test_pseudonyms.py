"""Choosing pseudonyms."""

import random

import pytest

from rooms.peer.pseudonyms import UNKNOWN, choose, name_of, username


def test_names_are_new_and_their_usernames_lead_back_to_them():
    rng = random.Random(7)
    first = choose(300, taken={UNKNOWN}, rng=rng)
    second = choose(300, taken=first, rng=rng)
    assert len({*first, *second}) == 600
    for name in first:
        assert name_of(username(name)) == name
        assert name_of(username(name).upper()) == name


def test_there_are_enough_for_any_course():
    taken: set[str] = set()
    rng = random.Random(7)
    for _ in range(30):
        taken.update(choose(1_000, taken=taken, rng=rng))
    assert len(taken) == 30_000
    assert len(set(map(username, taken))) == 30_000
    assert max(map(len, taken)) <= 60


@pytest.mark.parametrize("other", ["", "~", "ada", "blue-otter", "ada~"])
def test_what_is_no_pseudonym(other):
    assert name_of(other) is None
