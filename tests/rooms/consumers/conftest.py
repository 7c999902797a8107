"""A feed for each test."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.rooms.cast import Cast
from tests.rooms.consumers.feeds import Place


@pytest.fixture
async def place(cast: Cast) -> AsyncIterator[Place]:
    async with contextlib.AsyncExitStack() as exits:
        yield Place(cast, exits)
