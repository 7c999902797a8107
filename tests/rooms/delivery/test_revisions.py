"""The revisions that a process remembers, without a site around them."""

import pytest

from rooms.delivery import names
from rooms.delivery.revisions import KEPT, READS, Revisions
from rooms.wire.errors import Unavailable

GROUP = names.course(1)


class Class:
    """A class in the database, which moves on by `moves` while it is read."""

    def __init__(self, revisions, revision, *moves):
        self.revisions, self.revision, self.moves = revisions, revision, list(moves)
        self.reads = 0

    async def read(self):
        self.reads += 1
        found = self.revision
        if self.moves:
            self.revision = self.moves.pop(0)
            self.revisions.hear(GROUP, self.revision)
        return GROUP, found, f"as of {found}"


async def test_what_is_new_enough_is_read_once():
    revisions = Revisions()
    revisions.hear(GROUP, 5)
    place = Class(revisions, 5)
    assert await revisions.read(place.read) == "as of 5"
    assert place.reads == 1


async def test_what_was_overtaken_is_read_again():
    revisions = Revisions()
    place = Class(revisions, 5, 6, 8)
    assert await revisions.read(place.read) == "as of 8"
    assert place.reads == 3


async def test_what_was_read_counts_as_told():
    """A notice older than what was read is late, even if no newer notice came before it."""
    revisions = Revisions()
    await revisions.read(Class(revisions, 7).read)
    assert [revisions.hear(GROUP, revision) for revision in (6, 7, 8)] == [False, True, True]


async def test_a_class_that_never_stands_still_is_refused():
    revisions = Revisions()
    place = Class(revisions, 0, *range(1, 2 * READS))
    with pytest.raises(Unavailable):
        await revisions.read(place.read)
    assert place.reads == READS


async def test_a_database_that_was_put_back_is_believed():
    revisions = Revisions()
    revisions.hear(GROUP, 50)
    place = Class(revisions, 3)
    assert await revisions.read(place.read) == "as of 3"
    assert place.reads == 2
    assert revisions.hear(GROUP, 4)


def test_courses_are_numbered_apart_and_forgotten_in_turn():
    revisions = Revisions()
    for course in range(KEPT + 1):
        revisions.hear(names.course(course), course + 1)
    assert revisions.heard(names.course(0)) == 0
    assert revisions.heard(names.course(1)) == 2
