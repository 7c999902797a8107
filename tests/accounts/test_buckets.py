"""Token buckets, by a clock that the tests turn."""

import threading

import pytest

from accounts.buckets import Buckets


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
    """Return how many of so many attempts are allowed."""
    return sum(not buckets.take(key) for _ in range(times))


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
    assert buckets.take("ada") == pytest.approx(left)


def test_after_that_long_there_is_a_token(buckets, clock):
    taken(buckets, 3)
    clock.now += 0.25
    clock.now += buckets.take("ada")
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


def test_a_bucket_can_be_filled(buckets):
    taken(buckets, 3)
    buckets.fill("ada")
    assert taken(buckets, 5) == 3
    buckets.fill("nobody")


def test_whether_there_is_a_token_can_be_asked_without_taking_it(buckets, clock):
    assert not buckets.empty("ada")
    taken(buckets, 3)
    assert buckets.empty("ada")
    assert not buckets.empty("bea")
    clock.now += 0.5
    assert [buckets.empty("ada") for _ in range(3)] == [False] * 3
    assert taken(buckets, 3) == 1


def test_threads_together_take_no_more_than_there_is(clock):
    buckets = Buckets(1, 1000, clock)
    begin, counts = threading.Barrier(8), []

    def take():
        begin.wait()
        counts.append(taken(buckets, 500))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 1000


def test_the_key_that_was_used_longest_ago_is_forgotten(buckets, monkeypatch):
    monkeypatch.setattr(Buckets, "KEPT", 2)
    for key in ("ada", "bea", "ada", "carl"):
        taken(buckets, 3, key)
    assert [taken(buckets, 3, key) for key in ("ada", "bea")] == [0, 3]
