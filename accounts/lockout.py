"""Wrong passwords: after too many nobody gets in under that username from that address for a while.

It holds for every way to log in that asks `django.contrib.auth.authenticate`: the log-in page, the
admin, the HTTP API. django-axes keeps the failures in the database, so that they count across
workers; a username that nobody has is locked like any other. In this process, buckets see to what
the database cannot: guesses that come at the same time, and floods.

A request that was refused unseen has `try_again_in`, the seconds until it makes sense again.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

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
        """Count a guess. Returns the seconds until there may be one, 0.0 for now."""
        wait = self.from_address.take(address)
        if not wait:
            wait = self.at_once.take((username, address))
            if wait:
                self.from_address.give_back(address)
        return wait

    def give_back(self, username: str, address: str | None) -> None:
        """It was no guess."""
        self.from_address.give_back(address)
        self.at_once.give_back((username, address))

    def forget(self, username: str, address: str | None) -> None:
        """The last one was no guess, and those before were slips."""
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
        if request is None or username is None:
            return
        AxesProxyHandler.update_request(request)
        address = request.axes_ip_address
        # Taken first: of guesses that come together the database knows nothing yet.
        too_many = guesses().take(username, address)
        wait = max(too_many, locked_for(username, address))
        if wait:
            if not too_many:
                guesses().give_back(username, address)
            request.try_again_in = wait
            request.axes_locked_out = True
            raise PermissionDenied("There were too many wrong passwords.")


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
        wait = locked_for(username, request.axes_ip_address)
        if wait:
            request.try_again_in = wait
            request.axes_locked_out = True

    def user_logged_in(self, sender: Any, request: Any, user: User, **kwargs: Any) -> None:
        """Forget the failures from the address of who got in; those from elsewhere stay."""
        if request is None:
            return
        self.clean_expired_user_attempts(request)
        username, address = user.get_username(), request.axes_ip_address
        AccessAttempt.objects.filter(username=username, ip_address=address).delete()
        guesses().forget(username, address)

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """It makes no difference."""


def locked_for(username: str, address: str | None) -> float:
    """The seconds until one may try to log in under the username from the address; 0.0 for now."""
    now = timezone.now()
    since = now - cool_off()
    failures = list(
        AccessAttempt.objects.filter(username=username, attempt_time__gt=since)
        .order_by("attempt_time")
        .values_list("ip_address", "attempt_time", "failures_since_start")
    )
    here = [failure for failure in failures if failure[0] == address]
    return max(
        _wait(here, limits["LOGIN_FAILURES"], now),
        _wait(failures, limits["LOGIN_FAILURES_ANYWHERE"], now),
    )


_Failure = tuple[str | None, datetime, int]
"""The address, when the last one was, and how many."""


def _wait(failures: Sequence[_Failure], most: int, now: datetime) -> float:
    """The seconds until so many of the failures, oldest first, are forgotten that they may be."""
    left = sum(count for _, _, count in failures)
    wait = 0.0
    for _, last, count in failures:
        if left < most:
            break
        left -= count
        wait = (last + cool_off() - now).total_seconds()
    return max(wait, 0.0)


def cool_off(request: HttpRequest | None = None) -> timedelta:
    """How long after the last one failures are forgotten."""
    return timedelta(seconds=limits["LOGIN_COOLOFF"])


def failure_limit(request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
    """The failures that lock a username at an address."""
    return int(limits["LOGIN_FAILURES"])


def refuse(request: Any, *_: Any) -> HttpResponse:
    """The log-in page, with the word that one has to wait."""
    seconds = math.ceil(request.try_again_in)
    response = render(
        request,
        "accounts/login.html",
        {
            "wait": _in_words(seconds),
            "next": request.POST.get("next", request.GET.get("next", "")),
            "username": request.POST.get("username", "")[:150],
        },
        status=429,
    )
    response["Retry-After"] = str(seconds)
    add_never_cache_headers(response)
    return response


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = math.ceil(seconds / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
