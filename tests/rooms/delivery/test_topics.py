"""The rules by which topics match."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.delivery.topics import Subscriptions, check_name, check_pattern
from rooms.wire.errors import InvalidTopic

# The examples of MQTT 3.1.1, section 4.7.
MATCHES = [
    ("sport/tennis/player1/#", "sport/tennis/player1"),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking"),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
    ("sport/#", "sport"),
    ("#", "sport/tennis"),
    ("sport/tennis/+", "sport/tennis/player1"),
    ("sport/tennis/+", "sport/tennis/player2"),
    ("sport/+", "sport/"),
    ("+/tennis/#", "sport/tennis"),
    ("sport/+/player1", "sport/tennis/player1"),
    ("+/+", "/finance"),
    ("/+", "/finance"),
    ("$SYS/#", "$SYS/"),
    ("$SYS/#", "$SYS"),
    ("$SYS/monitor/+", "$SYS/monitor/Clients"),
    ("Accounts payable", "Accounts payable"),
    ("/", "/"),
    # These follow from the section.
    ("sport/+/+", "sport//"),
    ("sport//x", "sport//x"),
    ("+/$x", "a/$x"),
    ("a/#", "a/$x/b"),
    ("#", "/"),
]
NO_MATCHES = [
    ("sport/tennis/player1/#", "sport/tennis/player2"),
    ("sport/tennis/+", "sport/tennis/player1/ranking"),
    ("sport/+", "sport"),
    ("+", "/finance"),
    ("#", "$SYS/monitor"),
    ("+/monitor/Clients", "$SYS/monitor/Clients"),
    ("+/#", "$SYS"),
    ("+", "$SYS"),
    ("ACCOUNTS", "Accounts"),
    ("/finance", "finance"),
    ("finance", "finance/"),
    ("sport//x", "sport/x"),
    ("sport/+/x", "sport/x"),
]


def matching(patterns, topic):
    """Return the patterns that match the topic, according to the tree."""
    subscriptions = Subscriptions()
    for pattern in patterns:
        subscriptions.insert(pattern, pattern)
    return subscriptions.match(topic)


@pytest.mark.parametrize(("pattern", "topic"), MATCHES)
def test_matches(pattern, topic):
    check_pattern(pattern)
    check_name(topic)
    assert matching([pattern], topic) == {pattern}


@pytest.mark.parametrize(("pattern", "topic"), NO_MATCHES)
def test_does_not_match(pattern, topic):
    check_pattern(pattern)
    check_name(topic)
    assert matching([pattern], topic) == set()


@pytest.mark.parametrize(
    "pattern",
    ["", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "sport/+a", "##", "++", "a\0"],
)
def test_is_no_pattern(pattern):
    with pytest.raises(InvalidTopic):
        check_pattern(pattern)


@pytest.mark.parametrize("topic", ["", "sport/+", "sport/#", "a+", "a#b", "a\0b"])
def test_is_no_name(topic):
    with pytest.raises(InvalidTopic):
        check_name(topic)


@pytest.mark.parametrize("check", [check_name, check_pattern])
def test_topics_are_bounded(check):
    check("a" * 1000)
    check("/" * 127)
    with pytest.raises(InvalidTopic, match="too long"):
        check("a" * 1001)
    with pytest.raises(InvalidTopic, match="too many levels"):
        check("/" * 128)


def reference(pattern: list[str], topic: list[str]) -> bool:
    """The rules, level by level."""
    if not pattern:
        return not topic
    if pattern[0] == "#":
        return True
    return bool(topic) and pattern[0] in ("+", topic[0]) and reference(pattern[1:], topic[1:])


def should_match(pattern: str, topic: str) -> bool:
    if topic.startswith("$") and pattern.startswith(("+", "#")):
        return False
    return reference(pattern.split("/"), topic.split("/"))


LEVELS = ["", "a", "b", "$", "$a"]
names = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5).map("/".join).filter(bool)
patterns = (
    st.builds(
        lambda levels, rest: levels + rest,
        st.lists(st.sampled_from([*LEVELS, "+"]), max_size=5),
        st.sampled_from([[], ["#"]]),
    )
    .filter(bool)
    .map("/".join)
    .filter(bool)
)
changes = st.lists(st.tuples(st.booleans(), patterns, st.integers(0, 3)), max_size=30)


def nodes(subscriptions):
    """The nodes of the tree below its root, each as the pattern it stands for."""
    found = {}
    waiting = [(None, subscriptions._root)]
    while waiting:
        path, node = waiting.pop()
        for level, below in (node.below or {}).items():
            inner = level if path is None else f"{path}/{level}"
            found[inner] = below
            waiting.append((inner, below))
    return found


@settings(deadline=None)
@given(changes, st.lists(names, min_size=1, max_size=5))
def test_the_tree_does_as_the_rules_say(changes, topics):
    subscriptions = Subscriptions()
    expected = set()
    for insert, pattern, subscriber in changes:
        one = (pattern, subscriber)
        if insert:
            assert subscriptions.insert(pattern, subscriber) == (one not in expected)
            expected.add(one)
        else:
            assert subscriptions.remove(pattern, subscriber) == (one in expected)
            expected.discard(one)
    for topic in topics:
        found = subscriptions.match(topic)
        assert found == {who for pattern, who in expected if should_match(pattern, topic)}
    # Nothing is left of what was removed.
    prefixes = {
        "/".join(levels[: size + 1])
        for pattern, _ in expected
        for levels in [pattern.split("/")]
        for size in range(len(levels))
    }
    assert set(nodes(subscriptions)) == prefixes
    assert bool(subscriptions) == bool(expected)


def test_what_matched_is_the_callers_own():
    subscriptions = Subscriptions()
    subscriptions.insert("a", 1)
    subscriptions.match("a").clear()
    assert subscriptions.match("a") == {1}
