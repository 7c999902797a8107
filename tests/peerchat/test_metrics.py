"""The figures for Prometheus, of a site with two workers."""

import asyncio
import os
import signal
import urllib.error

import pytest

from accounts import tokens
from accounts.models import User
from tests.client import Client
from tests.running import environment, read_figures, until


@pytest.fixture
def token(transactional_db):
    return tokens.issue(User.objects.create_user("ada"))


async def test_the_figures_of_two_workers(site, token, tmp_path):
    running = await asyncio.to_thread(
        lambda: site(workers=2, env=environment(TMPDIR=str(tmp_path), METRICS_TOKEN="secret"))
    )
    await asyncio.to_thread(only_those_with_the_token_may_read_them, running)

    async def eight():
        url = f"{running.socket_url}/ws/feed/figures/"
        return [await Client.open(url, token=token) for _ in range(8)]

    def connections():
        try:
            figures = read_figures(running, token="secret")
        except (urllib.error.URLError, ConnectionError):
            return None  # no worker listens
        return figures.get(("peerchat_connections",), 0)

    # They are added up.
    clients = await eight()
    until(lambda: connections() == 8)
    for client in clients[:3]:
        await client.close()
    until(lambda: connections() == 5)
    for client in clients[3:]:
        await client.close()
    until(lambda: connections() == 0)

    # A dead worker takes its connections along.
    clients = await eight()
    until(lambda: connections() == 8)
    for worker in running.workers():
        os.kill(worker, signal.SIGKILL)
    for client in clients:
        await client.closed()
    until(lambda: connections() == 0)

    # Their files are removed.
    until(lambda: list(tmp_path.glob("peerchat-metrics-*/*.db")))
    assert running.stop() == 0
    assert list(tmp_path.glob("peerchat-metrics-*")) == []


def only_those_with_the_token_may_read_them(running):
    """Check that a site with a token for its figures gives them to nobody else."""
    for wrong in (None, "guess"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            read_figures(running, token=wrong)
        assert refused.value.code == 401
        refused.value.close()
    assert ("peerchat_messages_stored_total",) in read_figures(running, token="secret")
