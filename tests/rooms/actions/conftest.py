"""Fixtures of the tests of actions."""

import pytest

from rooms.delivery import publish


class Notices:
    """Takes the place of the sockets of this process, and keeps what they would be told."""

    def __init__(self):
        self.layer = publish.Layer()
        self.entries = []

    def publish(self, entries):
        self.entries += [entry for _, entry in entries]


@pytest.fixture
def notices():
    taking = Notices()
    publish.attach(taking)
    yield taking
    publish.detach(taking)
