"""What counts as a database that is away, for which people are told to come back."""

import logging
import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection

from accounts import outages
from tests.pace import patient
from tests.running import until


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


@pytest.mark.django_db(transaction=True)
def test_once_a_connection_was_lost_the_others_are_replaced_before_anyone_gets_them():
    pool = connection.pool
    connection.close()
    held = []
    while (stats := pool.get_stats())["pool_available"] or stats["pool_size"] < pool.max_size:
        held.append(pool.getconn())
    lost = [each.info.backend_pid for each in held]
    for each in held:
        pool.putconn(each)
    before = pool.get_stats().get("connections_lost", 0)
    try:
        with closing(psycopg.connect(**connection.get_connection_params())) as operator:
            for pid in lost:
                operator.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        outages.note(caught.value, logging.getLogger("peerchat"))
        connection.close()
        until(
            lambda: (
                pool.get_stats().get("connections_lost", 0) >= before + len(lost) - 1
                and pool.get_stats()["pool_available"] >= len(lost)
            ),
            within=patient(30),
        )
        for _ in lost:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            connection.close()
    finally:
        # No other test is to get one of the lost connections.
        connection.close()
        pool.check()
