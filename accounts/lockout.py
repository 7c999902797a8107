"""Wrong passwords: after too many nobody gets in under that username from that address for a while.

It holds for every way to log in that asks `django.contrib.auth.authenticate`: the log-in page, the
admin, the HTTP API. django-axes keeps the failures in the database, so that they count across
workers; a username that nobody has is locked like any other. In this process, buckets see to what
the database cannot: guesses that come at the same time, and floods.

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

from accounts import hashing
from accounts.buckets import Buckets
from accounts.conf import limits
from accounts.models import User

AT_ONCE_RATE = 1.0
"""Guesses a second, for one username from one address, after as many at once as lock it."""


class _Guesses:
    """The guesses that this process has under way or saw fail lately."""

    def __init__(self) -> None:
        self.at_once = Buckets(AT_ONCE_RATE, limits["LOGIN_FAILURES"])
        self.from_address = Buckets(limits["LOGIN_ADDRESS_RATE"], limits["LOGIN_ADDRESS_BURST"])

    def take(self, username: str, address: str | None) -> float:
        """Count a guess at a username. Returns the seconds until there may be one, or 0.0."""
        return self.at_once.take((username, address))

    def take_from(self, address: str | None) -> float:
        """Count a guess from an address. Returns the seconds until one may be wrong, or 0.0."""
        return self.from_address.take(address)

    def give_back(self, username: str, address: str | None, flood: float = 0.0) -> None:
        """It was no guess. `flood` is what `take_from` returned."""
        if not flood:
            self.from_address.give_back(address)
        self.at_once.give_back((username, address))

    def forget(self, username: str, address: str | None, flood: float = 0.0) -> None:
        """The last one was no guess, and those before were slips."""
        if not flood:
            self.from_address.give_back(address)
        self.at_once.fill((username, address))


@cache
def guesses() -> _Guesses:
    """Those of this process; `guesses.cache_clear` forgets them."""
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
        address = request.axes_ip_address
        # Taken first: of guesses that come together the database knows nothing yet.
        too_many = guesses().take(username, address)
        failed = failures(username)
        wait = max(too_many, _locked_for(failed, address))
        if wait:
            if not too_many:
                guesses().at_once.give_back((username, address))
            _keep_out(request, wait)
            raise PermissionDenied("There were too many wrong passwords.")
        request.door = hashing.Door(
            username,
            address,
            failures=sum(failure.times for failure in failed if failure.address == address),
            flood=guesses().take_from(address),
        )
        hashing.stand_at(request.door)


class Handler(AxesDatabaseHandler):
    """Keeps the failures: of each username and address how many, and when the last one was.

    Nothing else of the request is stored.
    """

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        username = credentials.get("username")
        if request is None or username is None or hasattr(request, "try_again_in"):
            return
        door: hashing.Door = request.door  # that of Backend, which is asked first
        if door.busy_for:
            guesses().give_back(door.username, door.address, door.flood)
            _keep_out(request, door.busy_for, is_busy=True)
            return
        self.clean_expired_user_attempts(request)
        with transaction.atomic():
            attempt, is_first = AccessAttempt.objects.select_for_update().get_or_create(
                username=username,
                ip_address=request.axes_ip_address,
                user_agent="",
                defaults={"path_info": request.axes_path_info, "failures_since_start": 1},
            )
            if not is_first:
                AccessAttempt.objects.filter(pk=attempt.pk).update(
                    path_info=request.axes_path_info,
                    failures_since_start=F("failures_since_start") + 1,
                    attempt_time=request.axes_attempt_time,
                )
        wait = max(locked_for(username, request.axes_ip_address), door.flood)
        if wait:
            _keep_out(request, wait)

    def user_logged_in(self, sender: Any, request: Any, user: User, **kwargs: Any) -> None:
        """Forget the failures from the address of who got in; those from elsewhere stay."""
        if request is None:
            return
        self.clean_expired_user_attempts(request)
        username, address = user.get_username(), request.axes_ip_address
        AccessAttempt.objects.filter(username=username, ip_address=address).delete()
        door: hashing.Door | None = getattr(request, "door", None)
        guesses().forget(username, address, door.flood if door else 0.0)

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """It makes no difference."""


class Failures(NamedTuple):
    """Wrong passwords for a username from an address: when the last one was, and how many."""

    address: str | None
    last: datetime
    times: int


def failures(username: str) -> list[Failures]:
    """What is remembered of the username, from all addresses; the oldest first."""
    found = AccessAttempt.objects.filter(
        username=username, attempt_time__gt=timezone.now() - cool_off()
    ).order_by("attempt_time")
    return [
        Failures(*row)
        for row in found.values_list("ip_address", "attempt_time", "failures_since_start")
    ]


def locked_for(username: str, address: str | None) -> float:
    """The seconds until one may try to log in under the username from the address; 0.0 for now."""
    return _locked_for(failures(username), address)


def _locked_for(failed: Sequence[Failures], address: str | None) -> float:
    here = [failure for failure in failed if failure.address == address]
    return max(
        _wait(here, limits["LOGIN_FAILURES"]),
        _wait(failed, limits["LOGIN_FAILURES_ANYWHERE"]),
    )


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
    """How long after the last one failures are forgotten."""
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
