"""Locks a username for a while after too many wrong passwords.

It guards every way to log in that calls `django.contrib.auth.authenticate` with a request: the
log-in page, the admin and the HTTP API. `Backend` refuses before anything looks at the password,
Django's signals count failures and forget them, and `middleware` answers log-ins that have to wait.

`FailedLogin` counts across workers, and three sums over it lock a username:

- at an address, the failures from there;
- everywhere, the failures from all addresses together;
- in a browser in which the user has logged in before (`accounts.devices`), the failures of that
  browser, wherever it goes. The other two sums leave these out and do not concern such a browser.

A username that nobody has is locked like any other. All ways to write a username count as one, as
the log-in of a site may take each of them for the same person. Buckets count in this process what
the database cannot: guesses that are under way at the same time, and floods. From an address with a
flood a right password gets in as from any other; a wrong one is told to wait. A password for which
there is no time (`accounts.hashing`) is told to come back, and counts nowhere.

The table is bounded. A failure adds one row at most, and each failure and each log-in deletes up to
PURGED_AT_ONCE rows that no longer count, found by an index. So the table holds the rows of one
LOGIN_COOLOFF, and those that a flood left are gone after a hundredth as many log-ins.

A request that is told to wait has `try_again_in`, the seconds until it makes sense again, and
`is_busy`, whether too many log in at once.
"""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import ngettext

from accounts import devices, hashing, people
from accounts.addresses import client_address
from accounts.buckets import Buckets
from accounts.conf import limits
from accounts.models import USERNAME_LENGTH, FailedLogin
from accounts.people import User
from accounts.text import name_key

AT_ONCE_RATE = 1.0
"""Guesses a second, for one username from one source, after as many at once as lock it."""
PURGED_AT_ONCE = 100
"""The most rows that a failure or a log-in deletes."""


class _Guesses:
    """The guesses that this process is checking or saw fail lately.

    `source` is the origin of a guess: the address, or the id of a known browser.
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


class Backend:
    """Refuses before anything looks at the password; the first of AUTHENTICATION_BACKENDS.

    It lets nobody in. It is no BaseBackend, as Django takes a backend with `get_user` for one that
    sessions may name.
    """

    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Raise PermissionDenied after too many wrong passwords."""
        # Without a request there is no door, as a program of the site asks.
        hashing.stand_at(None)
        username = username or kwargs.get(people.by_name())
        if request is None or username is None:
            return
        username = username[:USERNAME_LENGTH]
        door = hashing.Door(
            _key(username),
            client_address(request),
            device=devices.find(request, username),
        )
        # Taken first, because the database does not yet know guesses that come together.
        too_many = guesses().take(door.username, door.source)
        failed = failures(door.username)
        wait = max(too_many, _locked_for(failed, door))
        if wait:
            if not too_many:
                guesses().at_once.give_back((door.username, door.source))
            _keep_out(request, wait)
            raise PermissionDenied("Too many failed log-in attempts.")
        door.failures = sum(failure.times for failure in _own(failed, door))
        # A known browser is locked by its own failures long before it is a flood.
        if door.device is None:
            door.flood = guesses().take_from(door.address)
        request.door = door
        hashing.stand_at(door)

    async def aauthenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Raise PermissionDenied after too many wrong passwords.

        The password does not stand at a door, as Django hashes some on the event loop, which must
        not wait for a turn.
        """
        await sync_to_async(self.authenticate)(request, username, password, **kwargs)
        hashing.stand_at(None)


def count_failure(
    sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
) -> None:
    """Count a wrong password, unless Backend refused it or there was no time for its hash."""
    door: hashing.Door | None = getattr(request, "door", None)
    named = credentials.keys() & {"username", people.by_name()}
    if door is None or not named or hasattr(request, "try_again_in"):
        return
    if door.busy_for:
        guesses().give_back(door)
        _keep_out(request, door.busy_for, is_busy=True)
        return
    _purge()
    _count(door)
    wait = max(_locked_for(failures(door.username), door), door.flood)
    if wait:
        _keep_out(request, wait)


def forget_failures(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    """Forget the failures from the source of a log-in, and remember the browser.

    Failures from other sources stay. A log-in without a password proves nothing here.
    """
    door: hashing.Door | None = getattr(request, "door", None)
    if door is None:
        return
    _purge()
    own = FailedLogin.objects.filter(username=door.username, device=door.device or "")
    if door.device is None:
        own = own.filter(address=door.address)
    own.delete()
    guesses().forget(door)
    devices.remember(request, user, door.device)


def unlock(username: str) -> int:
    """Forget the failures of a username from all sources, and return the number of sources."""
    return FailedLogin.objects.filter(username=_key(username)).delete()[0]


def failures(username: str) -> list[FailedLogin]:
    """Return the failures that count against the username, from all sources, oldest first."""
    found = FailedLogin.objects.filter(username=_key(username), last_at__gt=_horizon())
    return list(found.order_by("last_at"))


def _key(username: str) -> str:
    """Return what all ways to write a username have in common."""
    return name_key(username)[:USERNAME_LENGTH]


def _count(door: hashing.Door) -> None:
    now = timezone.now()
    row = FailedLogin(
        username=door.username,
        address=door.address,
        device=door.device or "",
        times=0,
        last_at=now,
    )
    with transaction.atomic():
        # The first statement makes sure that there is a row, and the second locks it. So each of
        # several failures that come together counts.
        FailedLogin.objects.bulk_create([row], ignore_conflicts=True)
        FailedLogin.objects.filter(
            username=row.username, address=row.address, device=row.device
        ).update(
            # A row that no longer counts may not have been purged yet.
            times=Case(When(last_at__lte=_horizon(), then=1), default=F("times") + 1),
            last_at=now,
        )


def _purge() -> None:
    """Delete some rows that no longer count, oldest first, and skip locked rows."""
    with transaction.atomic():
        old = FailedLogin.objects.select_for_update(skip_locked=True).filter(
            last_at__lte=_horizon()
        )
        chosen = list(old.order_by("last_at").values_list("pk", flat=True)[:PURGED_AT_ONCE])
        if chosen:
            FailedLogin.objects.filter(pk__in=chosen).delete()


def _own(failed: Sequence[FailedLogin], door: hashing.Door) -> list[FailedLogin]:
    """Return the failures that count against this door.

    They are those of its browser if that is known, else those of its address.
    """
    if door.device is not None:
        return [failure for failure in failed if failure.device == door.device]
    return [failure for failure in failed if failure.address == door.address and not failure.device]


def _locked_for(failed: Sequence[FailedLogin], door: hashing.Door) -> float:
    """Return the seconds until there may be a try at the door; 0.0 for now."""
    wait = _wait(_own(failed, door), limits["LOGIN_FAILURES"])
    if door.device is not None:
        return wait
    anywhere = [failure for failure in failed if not failure.device]
    return max(wait, _wait(anywhere, limits["LOGIN_FAILURES_ANYWHERE"]))


def _wait(failed: Sequence[FailedLogin], most: int) -> float:
    """Return the seconds until enough of the failures, oldest first, are forgotten."""
    left = sum(failure.times for failure in failed)
    wait = 0.0
    for failure in failed:
        if left < most:
            break
        left -= failure.times
        wait = (failure.last_at + _cool_off() - timezone.now()).total_seconds()
    return max(wait, 0.0)


def _keep_out(request: Any, seconds: float, *, is_busy: bool = False) -> None:
    request.try_again_in = seconds
    request.is_busy = is_busy


def _cool_off() -> timedelta:
    """Return how long after the last failure a row counts."""
    return timedelta(seconds=limits["LOGIN_COOLOFF"])


def _horizon() -> datetime:
    """Return the time until which failures no longer count."""
    return timezone.now() - _cool_off()


@sync_and_async_middleware
def middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Replace the view's answer by the log-in page if the user has to wait.

    A view of the HTTP API has a request of its own (DRF's), so it answers for itself.
    """
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            response: HttpResponse = await get_response(request)
            return await sync_to_async(refuse)(request) if _has_to_wait(request) else response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        return refuse(request) if _has_to_wait(request) else response

    return answer


def _has_to_wait(request: HttpRequest) -> bool:
    return hasattr(request, "try_again_in")


def refuse(request: Any) -> HttpResponse:
    """Return the log-in page, which says when to try again, or does so by itself."""
    seconds = math.ceil(request.try_again_in)
    response = render(
        request,
        "accounts/login.html",
        {
            "wait": _in_words(seconds),
            "is_busy": request.is_busy,
            "next": request.POST.get("next", request.GET.get("next", "")),
            "username": request.POST.get("username", "")[:USERNAME_LENGTH],
        },
        status=503 if request.is_busy else 429,
    )
    response["Retry-After"] = str(seconds)
    add_never_cache_headers(response)
    return response


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
