"""A question beside its twin."""

import pytest

from rooms.peer.twins import TwinTable, compare, copied_share


def test_each_who_voted_on_both_counts_once():
    original = {"ada": True, "bea": True, "carl": False, "dora": False, "emil": True}
    twin = {"ada": True, "bea": False, "carl": True, "dora": False, "finn": True}
    table = compare(original, twin)
    assert table == TwinTable(both_right=1, right_then_wrong=1, wrong_then_right=1, both_wrong=1)
    assert copied_share(table) == pytest.approx(0.5)


def test_without_anybody_right_nothing_can_be_copied():
    table = compare({"ada": False}, {"ada": False})
    assert table["both_wrong"] == 1
    assert copied_share(table) is None
