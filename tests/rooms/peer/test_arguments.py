"""Which arguments moved a class most."""

from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.arguments import BECAME_RIGHT, CHANGED, KEPT, Convinced, Standing, ranked

KEYS = "abcd"
CONVINCED = st.builds(
    Convinced, st.sampled_from(KEYS), changed=st.booleans(), became_right=st.just(False)
) | st.builds(Convinced, st.sampled_from(KEYS), changed=st.just(True), became_right=st.booleans())


def test_who_became_right_counts_most_and_who_kept_their_answer_least():
    convinced = [
        *[Convinced("kept")] * 3,
        *[Convinced("changed", changed=True)] * 2,
        Convinced("both", changed=True, became_right=True),
        Convinced("both"),
    ]
    standings = ranked(convinced, {"kept": 1, "changed": 2, "both": 3})
    assert standings == [
        Standing("both", named=2, changed=1, became_right=1),
        Standing("changed", named=2, changed=2, became_right=0),
        Standing("kept", named=3, changed=0, became_right=0),
    ]
    assert [one.weight for one in standings] == [
        BECAME_RIGHT + KEPT,
        2 * CHANGED,
        3 * KEPT,
    ]


def test_the_earlier_of_equal_arguments_comes_first():
    convinced = [Convinced("late"), Convinced("early"), Convinced("same time")]
    made_at = {"late": 2.0, "same time": 1.0, "early": 1.0}
    order = [one.argument for one in ranked(convinced, made_at)]
    assert order == ["same time", "early", "late"]
    assert [one.argument for one in ranked(convinced[::-1], made_at)] == order


def test_arguments_that_nobody_may_see_and_those_that_convinced_nobody_are_left_out():
    assert ranked([Convinced("hidden")], {"seen": 1.0}) == []


@given(st.lists(CONVINCED, max_size=30))
def test_everybody_counts_once_and_the_order_goes_by_weight(convinced):
    made_at = {key: float(number) for number, key in enumerate(KEYS)}
    standings = ranked(convinced, made_at)
    assert sum(one.named for one in standings) == len(convinced)
    weights = [one.weight for one in standings]
    assert weights == sorted(weights, reverse=True)
    assert all(one.became_right <= one.changed <= one.named for one in standings)
