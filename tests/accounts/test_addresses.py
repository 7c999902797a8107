"""The address from which a request comes, with and without trusted proxies."""

import pytest
from django.test import RequestFactory

from accounts.addresses import client_address


def address(settings, proxies, remote, forwarded=None):
    settings.PEERCHAT = {"TRUSTED_PROXIES": proxies}
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


@pytest.mark.parametrize(
    ("remote", "known"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::"),
        ("", None),
        ("a socket", None),
    ],
)
def test_without_proxies_it_is_who_connected(settings, remote, known):
    assert address(settings, 0, remote) == known


@pytest.mark.parametrize("forwarded", ["198.51.100.1", "1.1.1.1, 198.51.100.1", "nonsense"])
def test_without_trusted_proxies_the_header_means_nothing(settings, forwarded):
    assert address(settings, 0, "192.0.2.7", forwarded) == "192.0.2.7"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "known"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        # The client sent the addresses further left, and can send anything.
        (1, "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        (2, "10.0.0.1, 198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (1, "198.51.100.1:5123", "198.51.100.1"),
        (1, "[2001:db8::1]:5123", "2001:db8::"),
        (1, "2001:db8:0:1::1", "2001:db8:0:1::"),
        # The request did not pass all proxies: only the peer of the connection is known.
        (2, "198.51.100.1", "192.0.2.7"),
        (1, None, "192.0.2.7"),
        (1, "", "192.0.2.7"),
    ],
)
def test_behind_proxies_it_is_what_the_first_of_them_heard_from(
    settings, proxies, forwarded, known
):
    assert address(settings, proxies, "192.0.2.7", forwarded) == known
