"""The figures for Prometheus, of a site with two workers."""

import os
import signal
import urllib.error

import pytest

from accounts import tokens
from accounts.models import User
from tests.client import Client
from tests.running import environment, read_figures, until


@pytest.fixture
def running(site):
    return site(workers=2)


@pytest.fixture
def token(transactional_db):
    return tokens.issue(User.objects.create_user("ada"))


async def test_the_workers_are_added_up(running, token):
    clients = [
        await Client.open(f"{running.socket_url}/ws/feed/figures/", token=token) for _ in range(8)
    ]

    def connections(number):
        return lambda: read_figures(running)[("peerchat_connections",)] == number

    until(connections(8))
    for client in clients[:3]:
        await client.close()
    until(connections(5))
    for client in clients[3:]:
        await client.close()
    until(connections(0))


async def test_a_dead_worker_takes_its_connections_along(running, token):
    clients = [
        await Client.open(f"{running.socket_url}/ws/feed/figures/", token=token) for _ in range(8)
    ]
    until(lambda: read_figures(running)[("peerchat_connections",)] == 8)
    for worker in running.workers():
        os.kill(worker, signal.SIGKILL)
    for client in clients:
        await client.closed()

    def gone():
        try:
            return read_figures(running).get(("peerchat_connections",), 0) == 0
        except (urllib.error.URLError, ConnectionError):
            return False

    until(gone)


def test_who_may_read_them(site):
    running = site(env=environment(METRICS_TOKEN="secret"))
    for wrong in (None, "guess"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            read_figures(running, token=wrong)
        assert refused.value.code == 401
        refused.value.close()
    assert ("peerchat_messages_stored_total",) in read_figures(running, token="secret")


def test_the_files_of_the_workers_are_removed(site, tmp_path):
    running = site(env=environment(TMPDIR=str(tmp_path)), workers=2)
    until(lambda: list(tmp_path.glob("peerchat-metrics-*/*.db")))
    assert running.stop() == 0
    assert list(tmp_path.glob("peerchat-metrics-*")) == []
