import pytest

from rooms.errors import RateLimited
from rooms.ratelimit import Buckets


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def buckets(clock):
    """Three at once, then two a second."""
    return Buckets(2, 3, clock)


def taken(buckets, times, key="ada"):
    """How many of so many attempts are allowed."""
    allowed = 0
    for _ in range(times):
        try:
            buckets.take(key)
        except RateLimited:
            continue
        allowed += 1
    return allowed


def test_a_burst_is_allowed_and_no_more(buckets):
    assert taken(buckets, 10) == 3


def test_tokens_come_back_with_time(buckets, clock):
    taken(buckets, 3)
    clock.now += 0.5
    assert taken(buckets, 10) == 1
    clock.now += 1
    assert taken(buckets, 10) == 2


def test_a_bucket_is_never_fuller_than_a_burst(buckets, clock):
    clock.now += 1_000_000
    assert taken(buckets, 10) == 3


@pytest.mark.parametrize(("passed", "left"), [(0, 0.5), (0.1, 0.4), (0.49, 0.01)])
def test_the_refusal_tells_how_long(buckets, clock, passed, left):
    taken(buckets, 3)
    clock.now += passed
    with pytest.raises(RateLimited) as refused:
        buckets.take("ada")
    # Rounded up, so that who waits so long does not come too early.
    assert left <= refused.value.extra["retry_after"] <= left + 0.011


def test_after_that_long_there_is_a_token(buckets, clock):
    taken(buckets, 3)
    clock.now += 0.2
    with pytest.raises(RateLimited) as refused:
        buckets.take("ada")
    clock.now += refused.value.extra["retry_after"]
    assert taken(buckets, 10) == 1


def test_refused_attempts_cost_nothing(buckets, clock):
    assert taken(buckets, 100) == 3
    clock.now += 0.5
    assert taken(buckets, 1) == 1


def test_each_key_has_a_bucket(buckets):
    assert [taken(buckets, 5, key) for key in ("ada", "bea", ("ada", 1))] == [3, 3, 3]


def test_what_was_given_back_may_be_taken_again(buckets):
    assert taken(buckets, 3) == 3
    buckets.give_back("ada")
    assert taken(buckets, 3) == 1
    buckets.give_back("nobody")


def test_the_key_that_was_used_longest_ago_is_forgotten(buckets, monkeypatch):
    monkeypatch.setattr(Buckets, "KEPT", 2)
    for key in ("ada", "bea", "ada", "carl"):
        taken(buckets, 3, key)
    assert [taken(buckets, 3, key) for key in ("ada", "bea")] == [0, 3]
