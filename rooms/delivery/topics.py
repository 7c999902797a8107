"""Matching of topics with patterns, by the rules of MQTT 3.1.1, section 4.7.

A name has levels between slashes, and an empty level counts. In a pattern, `+` matches any one
level. `#`, at the end, matches the level above it and everything below. A wildcard at the first
level does not match a name that begins with `$`.

This module is pure and knows nothing of sockets.
"""

import re
from typing import Generic, TypeVar

from rooms.wire.errors import InvalidTopic

LENGTH_LIMIT = 1000
"""The most characters of a topic."""
LEVELS_LIMIT = 128
"""The most levels of a topic."""

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}")

T = TypeVar("T")


def check_name(topic: str) -> None:
    """Raise InvalidTopic unless the topic is valid for publishing."""
    _check(topic)
    if "+" in topic or "#" in topic:
        raise InvalidTopic("You can publish only to a topic without + and #.")


def check_pattern(pattern: str) -> None:
    """Raise InvalidTopic unless the pattern is valid for subscribing."""
    levels = _check(pattern)
    if any(len(level) > 1 and ("+" in level or "#" in level) for level in levels):
        raise InvalidTopic("A + or # must stand alone between slashes.")
    if "#" in levels[:-1]:
        raise InvalidTopic("A # must be the last level of the topic.")


def _check(topic: str) -> list[str]:
    if not topic:
        raise InvalidTopic("The topic is empty.")
    if len(topic) > LENGTH_LIMIT:
        raise InvalidTopic(f"The topic is too long: {LENGTH_LIMIT} characters at most.")
    if "\0" in topic:
        raise InvalidTopic("A topic must not contain U+0000.")
    levels = topic.split("/")
    if len(levels) > LEVELS_LIMIT:
        raise InvalidTopic(f"The topic has too many levels: {LEVELS_LIMIT} at most.")
    return levels


def course(topic: str) -> str:
    """Return the slug of the course that a topic belongs to, its first level.

    Raises InvalidTopic if that is a wildcard or cannot be a slug.
    """
    slug = topic.partition("/")[0]
    if _SLUG.fullmatch(slug) is None:
        raise InvalidTopic("The first level of a topic must be the slug of a course.")
    return slug


def within(topic: str) -> str:
    """Return a name or pattern without the slug of its course.

    Among the topics of one course, it is the same whether it has the slug of today or a former one.
    """
    return topic[topic.find("/") :] if "/" in topic else ""


class _Node(Generic[T]):
    """A level of patterns with the same beginning.

    It holds the levels below it and the subscribers of the pattern that ends here. Most nodes lack
    one of the two, so neither is created before it is needed: a small tree stays in the processor's
    cache.
    """

    __slots__ = ("below", "subscribers")

    def __init__(self) -> None:
        self.below: dict[str, _Node[T]] | None = None
        self.subscribers: set[T] | None = None


class Subscriptions(Generic[T]):
    """The subscribers of patterns, as a tree of the patterns' levels.

    A look-up follows the levels of the name, so its cost depends on the number of matches and not
    on the number of subscriptions. Patterns and names must be valid; see `check_pattern` and
    `check_name`.
    """

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def __bool__(self) -> bool:
        return self._root.below is not None

    def insert(self, pattern: str, subscriber: T) -> bool:
        """Subscribe and return whether the subscription is new."""
        node = self._root
        for level in pattern.split("/"):
            if node.below is None:
                node.below = {}
            following = node.below.get(level)
            if following is None:
                following = node.below[level] = _Node()
            node = following
        if node.subscribers is None:
            node.subscribers = set()
        elif subscriber in node.subscribers:
            return False
        node.subscribers.add(subscriber)
        return True

    def remove(self, pattern: str, subscriber: T) -> bool:
        """Remove a subscription and return whether there was one."""
        path: list[tuple[_Node[T], dict[str, _Node[T]], str]] = []
        node = self._root
        for level in pattern.split("/"):
            if node.below is None or level not in node.below:
                return False
            path.append((node, node.below, level))
            node = node.below[level]
        if node.subscribers is None or subscriber not in node.subscribers:
            return False
        node.subscribers.discard(subscriber)
        if not node.subscribers:
            node.subscribers = None
        for above, below, level in reversed(path):
            if node.subscribers is not None or node.below is not None:
                break
            del below[level]
            if not below:
                above.below = None
            node = above
        return True

    def match(self, topic: str) -> set[T]:
        """Return the subscribers of the matching patterns in a new set."""
        found: set[T] = set()
        nodes = [self._root]
        wild = not topic.startswith("$")
        for level in topic.split("/"):
            following = []
            for node in nodes:
                if (below := node.below) is None:
                    continue
                if wild:
                    if "#" in below:
                        found.update(below["#"].subscribers or ())
                    if "+" in below:
                        following.append(below["+"])
                if level in below:
                    following.append(below[level])
            if not following:
                return found
            nodes, wild = following, True
        for node in nodes:
            if node.subscribers is not None:
                found |= node.subscribers
            # "a/#" matches "a" as well.
            if node.below is not None and "#" in node.below:
                found.update(node.below["#"].subscribers or ())
        return found
