"""Wrong passwords: after too many nobody gets in under that username from that address for a while.

It holds for every way to log in that asks `django.contrib.auth.authenticate`: the log-in page, the
admin, the HTTP API. django-axes keeps the failures in the database, so that they count across
workers; a username that nobody has is locked like any other. In this process, buckets see to what
the database cannot: guesses that come at the same time, and floods.

A browser in which the user has logged in before (`accounts.devices`) is counted apart: its own
failures lock it, and those of others do not.

From an address with a flood right passwords get in as from any other; wrong ones are told to wait.
A password for which there is no time (`accounts.hashing`) is told to come back, and counts nowhere.

A request that is told to wait has `try_again_in`, the seconds until it makes sense again, and
`is_busy`, whether that is for the many who log in at once.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts import devices, hashing
from accounts.buckets import Buckets
from accounts.conf import limits
from accounts.models import User

AT_ONCE_RATE = 1.0
"""Guesses a second, for one username from one source, after as many at once as lock it."""


class _Guesses:
    """The guesses that this process has under way or saw fail lately.

    `source` is where a guess comes from: the address, or the id of a browser that is known.
    """

    def __init__(self) -> None:
        self.at_once = Buckets(AT_ONCE_RATE, limits["LOGIN_FAILURES"])
        self.from_address = Buckets(limits["LOGIN_ADDRESS_RATE"], limits["LOGIN_ADDRESS_BURST"])

    def take(self, username: str, source: str | None) -> float:
        """Count a guess at a username. Returns the seconds until there may be one, or 0.0."""
        return self.at_once.take((username, source))

    def take_from(self, address: str | None) -> float:
        """Count a guess from an address. Returns the seconds until one may be wrong, or 0.0."""
        return self.from_address.take(address)

    def give_back(self, door: hashing.Door) -> None:
        """Undo a guess that was none."""
        self._give_back_from(door)
        self.at_once.give_back((door.username, door.source))

    def forget(self, door: hashing.Door) -> None:
        """Undo the last guess, which was right, and those before, which were slips."""
        self._give_back_from(door)
        self.at_once.fill((door.username, door.source))

    def _give_back_from(self, door: hashing.Door) -> None:
        if door.device is None and not door.flood:
            self.from_address.give_back(door.address)


@cache
def guesses() -> _Guesses:
    """Return the guesses of this process; `guesses.cache_clear` forgets them."""
    return _Guesses()


class Backend(AxesStandaloneBackend):
    """The first of AUTHENTICATION_BACKENDS: refuses before a password is looked at."""

    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Raises PermissionDenied for one who has to wait."""
        # Without a request nobody is at a door: a program of the site asks.
        hashing.stand_at(None)
        if request is None or username is None:
            return
        AxesProxyHandler.update_request(request)
        door = hashing.Door(
            username, request.axes_ip_address, device=devices.find(request, username)
        )
        # Taken first: of guesses that come together the database knows nothing yet.
        too_many = guesses().take(username, door.source)
        failed = failures(username)
        wait = max(too_many, _locked_for(failed, door))
        if wait:
            if not too_many:
                guesses().at_once.give_back((username, door.source))
            _keep_out(request, wait)
            raise PermissionDenied("Too many failed log-in attempts.")
        door.failures = sum(failure.times for failure in _own(failed, door))
        # A known browser is locked by its own failures long before it is a flood.
        if door.device is None:
            door.flood = guesses().take_from(door.address)
        request.door = door
        hashing.stand_at(door)


class Handler(AxesDatabaseHandler):
    """Keeps the failures: of each username and address how many, and when the last one was.

    Those of a known browser are kept under its id, in the field for user agents. Nothing else of
    the request is stored.
    """

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        username = credentials.get("username")
        if request is None or username is None or hasattr(request, "try_again_in"):
            return
        door: hashing.Door = request.door  # that of Backend, which is asked first
        if door.busy_for:
            guesses().give_back(door)
            _keep_out(request, door.busy_for, is_busy=True)
            return
        self.clean_expired_user_attempts(request)
        with transaction.atomic():
            attempt, is_first = AccessAttempt.objects.select_for_update().get_or_create(
                username=username,
                ip_address=request.axes_ip_address,
                user_agent=door.device or "",
                defaults={"path_info": request.axes_path_info, "failures_since_start": 1},
            )
            if not is_first:
                AccessAttempt.objects.filter(pk=attempt.pk).update(
                    path_info=request.axes_path_info,
                    failures_since_start=F("failures_since_start") + 1,
                    attempt_time=request.axes_attempt_time,
                )
        wait = max(_locked_for(failures(username), door), door.flood)
        if wait:
            _keep_out(request, wait)

    def user_logged_in(self, sender: Any, request: Any, user: User, **kwargs: Any) -> None:
        """Forget the failures of where the user got in, and know the browser from now on.

        Failures from elsewhere stay. Whoever got in without a password proved nothing here.
        """
        door: hashing.Door | None = getattr(request, "door", None)
        if door is None:
            return
        self.clean_expired_user_attempts(request)
        own = AccessAttempt.objects.filter(username=user.get_username())
        if door.device is None:
            own.filter(ip_address=door.address, user_agent="").delete()
        else:
            own.filter(user_agent=door.device).delete()
        guesses().forget(door)
        devices.remember(request, user, door.device)

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """It makes no difference."""


class Failures(NamedTuple):
    """Wrong passwords for a username from an address, or from a known browser there.

    `last` is when the last one was, `times` how many there were.
    """

    address: str | None
    device: str
    last: datetime
    times: int


def failures(username: str) -> list[Failures]:
    """Return the recorded failures of the username from all sources, oldest first."""
    found = AccessAttempt.objects.filter(
        username=username, attempt_time__gt=timezone.now() - cool_off()
    ).order_by("attempt_time")
    return [
        Failures(*row)
        for row in found.values_list(
            "ip_address", "user_agent", "attempt_time", "failures_since_start"
        )
    ]


def _own(failed: Sequence[Failures], door: hashing.Door) -> list[Failures]:
    """Return those that count against this door: of its browser if it is known, else of its
    address."""
    if door.device is not None:
        return [failure for failure in failed if failure.device == door.device]
    return [failure for failure in failed if failure.address == door.address and not failure.device]


def _locked_for(failed: Sequence[Failures], door: hashing.Door) -> float:
    """Return the seconds until there may be a try at the door; 0.0 for now."""
    wait = _wait(_own(failed, door), limits["LOGIN_FAILURES"])
    if door.device is not None:
        return wait
    anywhere = [failure for failure in failed if not failure.device]
    return max(wait, _wait(anywhere, limits["LOGIN_FAILURES_ANYWHERE"]))


def _wait(failed: Sequence[Failures], most: int) -> float:
    """The seconds until so many of the failures, oldest first, are forgotten that they may be."""
    left = sum(failure.times for failure in failed)
    wait = 0.0
    for failure in failed:
        if left < most:
            break
        left -= failure.times
        wait = (failure.last + cool_off() - timezone.now()).total_seconds()
    return max(wait, 0.0)


def _keep_out(request: Any, seconds: float, *, is_busy: bool = False) -> None:
    request.try_again_in = seconds
    request.is_busy = is_busy
    request.axes_locked_out = True


def cool_off(request: HttpRequest | None = None) -> timedelta:
    """Return the time after the last failure until failures are forgotten."""
    return timedelta(seconds=limits["LOGIN_COOLOFF"])


def failure_limit(request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
    """The failures that lock a username at an address."""
    return int(limits["LOGIN_FAILURES"])


def refuse(request: Any, *_: Any) -> HttpResponse:
    """The log-in page, with the word that one has to wait, or that the page tries again."""
    seconds = math.ceil(request.try_again_in)
    response = render(
        request,
        "accounts/login.html",
        {
            "wait": _in_words(seconds),
            "is_busy": request.is_busy,
            "next": request.POST.get("next", request.GET.get("next", "")),
            "username": request.POST.get("username", "")[:150],
        },
        status=503 if request.is_busy else 429,
    )
    response["Retry-After"] = str(seconds)
    add_never_cache_headers(response)
    return response


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = math.ceil(seconds / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
