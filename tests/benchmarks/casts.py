"""The people and rooms that the works need, in both databases; made when first asked for."""

import functools
import os
import uuid

import psycopg
from django.core.management import call_command

from peerchat.rehearsal.cast import Cast, make_cast
from rooms.models import Membership, Message, Room, Vote
from tests.benchmarks import sides
from tests.benchmarks.sessions import log_in


@functools.cache
def _migrated() -> None:
    call_command("migrate", verbosity=0)


@functools.cache
def course(students: int) -> Cast:
    """A course of peerchat with so many students."""
    _migrated()
    cast = make_cast(f"bench-{uuid.uuid4().hex[:8]}", students)
    _analyze(os.environ["DATABASE_URL"])
    return cast


def _analyze(database: str) -> None:
    """Tell PostgreSQL what is in the tables, as it finds out by itself within some minutes."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def course_room(students: int) -> Room:
    return course(students).course.rooms.get(kind=Room.Kind.COURSE)


@functools.cache
def pair_rooms(students: int) -> list[Room]:
    """A partner room of the course for each two students."""
    cast = course(students)
    people = cast.users[1:]
    rooms = Room.objects.bulk_create(
        Room(course=cast.course, kind=Room.Kind.PARTNERS, title="Partners")
        for _ in range(students // 2)
    )
    Membership.objects.bulk_create(
        Membership(room=rooms[n // 2], user=user) for n, user in enumerate(people)
    )
    _analyze(os.environ["DATABASE_URL"])
    return rooms


@functools.cache
def sessions(students: int) -> list[str]:
    """Session keys of the students of a course."""
    return log_in(course(students).users[1:])


def voted(cast: Cast) -> int:
    return Vote.objects.filter(round__session__course=cast.course).count()


def said(cast: Cast) -> int:
    """Return how many messages the students of a course have sent."""
    return Message.objects.filter(room__course=cast.course, kind=Message.Kind.TEXT).count()


def stored(rooms: list[Room]) -> int:
    return Message.objects.filter(room__in=rooms).count()


@functools.cache
def _stock_migrated() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        if not database.execute("SELECT 1 FROM pg_database WHERE datname = 'stock'").fetchone():
            database.execute("CREATE DATABASE stock")
    sides.stock_run("django", "migrate", "--run-syncdb", "--verbosity=0")


@functools.cache
def stock_sessions(students: int) -> list[str]:
    """Session keys of users of the stock site."""
    _stock_migrated()
    keys = sides.stock_run(f"{sides.STOCK}.people", str(students)).split()
    _analyze(sides.stock_environment()["DATABASE_URL"])
    return keys


def stock_stored(table: str = "stock_message") -> int:
    """Return how many messages, or rows of another table, the stock site has."""
    _stock_migrated()
    with sides.stock_database() as database:
        row = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])
