"""What counts as a database that is away, for which people are told to come back."""

import contextlib
import logging
import os
import signal
import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

from accounts import outages
from tests.pace import patient


def of_sqlite(path: str, statement: str) -> OperationalError:
    """Return Django's error of a statement that SQLite refuses."""
    with (
        pytest.raises(sqlite3.OperationalError) as caught,
        closing(sqlite3.connect(path, timeout=0)) as connection,
    ):
        connection.execute(statement)
    error = OperationalError(str(caught.value))
    error.__cause__ = caught.value
    return error


def test_a_file_of_sqlite_that_is_locked_or_gone_is_away_and_a_wrong_statement_is_not(tmp_path):
    path = str(tmp_path / "site.sqlite3")
    assert outages.is_outage(of_sqlite(str(tmp_path / "gone" / "site.sqlite3"), "SELECT 1"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert outages.is_outage(of_sqlite(path, "CREATE TABLE one (id)"))
    assert not outages.is_outage(of_sqlite(path, "SELECT * FROM nothing"))


def test_no_connection_is_away_and_wrong_data_is_not():
    assert outages.is_outage(OperationalError("connection refused"))
    assert outages.is_outage(InterfaceError("connection already closed"))
    for fault in (IntegrityError("twice"), DataError("too long"), ValueError("?"), None):
        assert not outages.is_outage(fault)


def test_an_outage_is_logged_in_one_line():
    assert outages.in_one_line(OperationalError("refused\n\tIs it up?")) == "refused Is it up?"
    assert outages.in_one_line(InterfaceError()) == "InterfaceError"


@pytest.fixture
def pool(transactional_db, monkeypatch):
    """The pool of this process with all its connections, which are replaced after the test."""
    monkeypatch.setattr(outages, "_replaced", float("-inf"))
    pool = connection.pool
    connection.close()
    _fill(pool)
    yield pool
    connection.close()
    pool.drain()


def _fill(pool):
    """Have the pool make all its connections, and return their processes in the server."""
    held = []
    # A thread of an earlier test may still have one.
    with contextlib.suppress(PoolTimeout):
        while len(held) < pool.max_size:
            held.append(pool.getconn(timeout=patient(2)))
    processes = [each.info.backend_pid for each in held]
    for each in held:
        pool.putconn(each)
    return processes


def _ask():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]
    finally:
        connection.close()


def _fail(statement):
    """Have the database refuse a statement, and note it."""
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute(statement)
    outages.note(caught.value, logging.getLogger("peerchat"))
    connection.close()


def test_once_a_connection_was_lost_the_others_are_replaced_before_anyone_gets_them(pool):
    lost = _fill(pool)
    with closing(psycopg.connect(**connection.get_connection_params())) as operator:
        for process in lost:
            operator.execute("SELECT pg_terminate_backend(%s, 10000)", [process])
    _fail("SELECT 1")
    assert not {_ask() for _ in lost} & set(lost)


def test_a_connection_that_hangs_keeps_nobody_waiting_as_the_others_are_replaced(pool):
    ended, *_, hangs = _fill(pool)
    os.kill(hangs, signal.SIGSTOP)
    try:
        with closing(psycopg.connect(**connection.get_connection_params())) as operator:
            operator.execute("SELECT pg_terminate_backend(%s, 10000)", [ended])
        _fail("SELECT 1")
        assert len([_ask() for _ in range(pool.max_size)]) == pool.max_size
    finally:
        os.kill(hangs, signal.SIGCONT)


def test_a_statement_that_fails_leaves_the_connections_alone(pool):
    before = _fill(pool)
    _fail("SET statement_timeout = 1; SELECT pg_sleep(10)")
    assert set(_fill(pool)) >= set(before)
