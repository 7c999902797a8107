"""The address of the client of a request."""

import ipaddress

from django.http import HttpRequest

from accounts.conf import limits


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the client, or of the last host before the trusted proxies.

    For IPv6 it is the network of 64 bits, which belongs to one subscriber. It is None if the server
    does not know the address, as behind a Unix socket.
    """
    given = _forwarded(request) or request.META.get("REMOTE_ADDR") or ""
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False).network_address)


def _forwarded(request: HttpRequest) -> str | None:
    """Return the address seen by the outermost trusted proxy; clients can forge the rest."""
    proxies = limits["TRUSTED_PROXIES"]
    heard = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if not proxies or len(heard) < proxies:
        return None
    # Some proxies add a port: 192.0.2.1:5000, [2001:db8::1]:5000.
    host: str = heard[-proxies]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
