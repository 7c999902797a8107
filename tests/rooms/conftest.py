"""One running site for the tests of the sockets, and the people in them.

The site runs on the tests' own database with two workers. What a test makes is committed and
stays: each has a course and people of its own.
"""

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from rooms.models import Course
from tests.rooms.cast import Cast, Hall, Person, make_people, make_question, put_into
from tests.rooms.raw import RawClient
from tests.rooms.revoked import Table
from tests.rooms.school import School, make_school
from tests.running import Site, environment
from tests.summary import section

SHORTER = {
    # Seconds, in place of 10 each.
    "PARTNER_GONE_AFTER": "4",
    "POLL_LINGER": "1",
    "AUTHENTICATE_WITHIN": "2",
    # A try-out that a test leaves behind bothers the next tests for a short while only.
    "TRY_OUT_MINUTES": "2",
    "TRY_OUT_STUDENTS": "12",
}


ROLES = {
    **dict.fromkeys(("ada", "bea", "carl"), "student"),
    "tess": "assistant",
    "ines": "instructor",
}


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    """Return the table of how long revocations took, which is shown at the end of the run."""
    return Table(section(pytestconfig, "last frame after something was taken away"))


@pytest.fixture(scope="package")
def hall(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    folder = tmp_path_factory.mktemp("hall")
    with Site(folder, workers=2, env=environment(**SHORTER), measured=True) as site:
        yield Hall(site)


@pytest.fixture
def school(db: None) -> School:
    return make_school()


_tags = (f"{number}-{os.urandom(2).hex()}" for number in itertools.count(1))


@pytest.fixture
async def cast(
    hall: Hall, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cast]:
    # A test reads the database between two frames; nothing else runs in its event loop.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with django_db_blocker.unblock():
        tag = next(_tags)
        with transaction.atomic():
            course = Course.objects.create(slug=f"physics-{tag}", title="Physics")
            other = Course.objects.create(slug=f"chemistry-{tag}", title="Chemistry")
            for slug in ("force", "work"):
                make_question(course, slug)
            people: dict[str, Any] = make_people(tag, *ROLES, "ivan", "zoe")
            put_into(course, {people[name]: role for name, role in ROLES.items()})
            put_into(other, {people["ivan"]: "instructor"})
        began = hall.site.log.stat().st_size
        async with contextlib.AsyncExitStack() as exits:
            yield Cast(
                hall=hall, tag=tag, course=course, other_course=other, _exits=exits, **people
            )
        # This context's own connection goes back to the pool.
        connection.close()
        # Shown where the test failed.
        sys.stdout.write(hall.site.log.read_bytes()[began:].decode())


@pytest.fixture
async def raw(cast: Cast) -> AsyncIterator[Callable[..., Awaitable[RawClient]]]:
    """A function that opens a raw socket of a person, at worker 0 where nothing else is said."""
    opened = []

    async def open_raw(person: Person, *, worker: int = 0, **options: Any) -> RawClient:
        async with cast.hall.only(worker):
            client = await asyncio.to_thread(RawClient, cast.hall.site, person.token, **options)
        opened.append(client)
        return client

    yield open_raw
    for client in opened:
        client.socket.close()
