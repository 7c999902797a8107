"""The pages on which people join a course by its code, or come back to their place in it."""

import math
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.addresses import client_address
from accounts.entry import let_in
from accounts.names import NAME_LIMIT, checked_name
from rooms import addresses
from rooms.actions import guesses, guests, joining
from rooms.models import Enrollment, JoinCode
from rooms.queries.joining import LONGEST_TYPED
from rooms.wire.errors import CourseFull, NoSuchCode, PermissionDenied, RateLimited

DEVICE = "peerchat_place"
"""The cookie with the secret of a device. With it, and without a session, the guest comes back."""
DEVICE_LIFETIME = timedelta(days=180)

page = require_http_methods(["GET", "HEAD", "POST"])


@page
@never_cache
@login_not_required  # people come without an account
def enter_code(request: HttpRequest) -> HttpResponse:
    """Ask for a code, and lead to the page of its course."""
    if request.method != "POST":
        return _ask_for_code(request)
    typed = request.POST.get("code", "")
    found = _look_up(request, typed)
    if isinstance(found, HttpResponse):
        return found
    return redirect("peerchat:join", found.code)


@page
@never_cache
@login_not_required  # people come without an account
def join_course(request: HttpRequest, code: str) -> HttpResponse:
    """Let people join the course of a code: with one click, or as a guest with a name."""
    found = _look_up(request, code)
    if isinstance(found, HttpResponse):
        return found
    if request.user.is_authenticated:
        is_in = Enrollment.objects.filter(course=found.course, user=request.user).exists()
        if is_in:
            return redirect("peerchat:course", found.course.slug)
    if request.method != "POST":
        return _show(request, found)
    if not request.user.is_authenticated and "other" in request.POST:
        return _forget_device(request, found)
    return _join(request, found)


def _join(request: HttpRequest, code: JoinCode) -> HttpResponse:
    address = client_address(request)
    typed = request.POST.get("name", "")
    try:
        if request.user.is_authenticated:
            joining.join(user=request.user, code=code, address=address)
            return redirect("peerchat:course", code.course.slug)
        device = _device(request)
        if guests.of_device(device) is None:
            checked_name(typed)
        guest = joining.join_as_guest(code=code, name=typed, device=device, address=address)
    except ValidationError as error:
        return _show(request, code, name=typed, error=" ".join(error.messages), status=400)
    except CourseFull:
        told = _("This course takes no more guests. Ask your instructor, or log in to an account.")
        return _show(request, code, name=typed, alert=told, status=403)
    except PermissionDenied:
        told = _("You were removed from this course. Ask your instructor for a new code.")
        return _show(request, code, name=typed, alert=told, status=403)
    let_in(request, guest)
    response = redirect("peerchat:course", code.course.slug)
    response["Location"] += "?welcome"
    return _keep_device(response, device)


def _show(
    request: HttpRequest, code: JoinCode, *, status: int = 200, **context: Any
) -> HttpResponse:
    device = _device(request)
    is_visitor = not request.user.is_authenticated
    response = render(
        request,
        "rooms/join_course.html",
        {
            "course": code.course,
            "code": code.code,
            "asks_for_real_names": code.names == JoinCode.Names.REAL,
            "guest": guests.of_device(device) if is_visitor else None,
            "most": NAME_LIMIT,
            "login_url": addresses.login(),
            **context,
        },
        status=status,
    )
    return _keep_device(response, device) if is_visitor else response


def _forget_device(request: HttpRequest, code: JoinCode) -> HttpResponse:
    """Ask for a name, as somebody else uses the device now."""
    guest = guests.of_device(_device(request))
    if guest is not None:
        guests.leave_device(user=guest)
    return redirect("peerchat:join", code.code)


def _look_up(request: HttpRequest, typed: str) -> JoinCode | HttpResponse:
    """Return the join code that somebody typed, or the page that says that it is none."""
    try:
        return guesses.look_up(typed=typed, address=client_address(request))
    except NoSuchCode:
        told = _("No class can be joined with this code. Check it, or ask whether joining is open.")
        return _ask_for_code(request, typed=typed, error=told, status=404)
    except RateLimited as refusal:
        wait = refusal.extra["retry_after"]
        minutes = math.ceil(wait / 60)
        told = ngettext(
            "Too many wrong codes came from your network. Try again in %(count)s minute.",
            "Too many wrong codes came from your network. Try again in %(count)s minutes.",
            minutes,
        ) % {"count": minutes}
        response = _ask_for_code(request, typed=typed, error=told, status=429)
        response["Retry-After"] = str(math.ceil(wait))
        return response


def _ask_for_code(
    request: HttpRequest, *, typed: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    context = {"typed": typed[:LONGEST_TYPED], "error": error}
    return render(request, "rooms/join.html", context, status=status)


@page
@never_cache
@login_not_required  # the link lets in
def come_back(request: HttpRequest) -> HttpResponse:
    """Let a guest in by the secret of a personal link. It is in the query, which no log has."""
    given = request.POST if request.method == "POST" else request.GET
    secret = given.get("place", "")
    guest = guests.of_link(secret)
    if guest is None:
        return render(request, "rooms/come_back.html", status=404)
    if request.method != "POST":
        context = {"guest": guest, "place": secret}
        return render(request, "rooms/come_back.html", context)
    if request.user != guest:
        let_in(request, guest)
    mine = list(Enrollment.objects.filter(user=guest).select_related("course")[:2])
    if len(mine) == 1:
        return redirect("peerchat:course", mine[0].course.slug)
    return redirect("peerchat:courses")


def _device(request: HttpRequest) -> str:
    """Return the secret of the device: that of its cookie, or else a new one."""
    known: str | None = getattr(request, "peerchat_device", None)
    if known is None:
        sent = request.COOKIES.get(DEVICE, "")
        known = sent if guests.is_secret(sent) else secrets.token_urlsafe(32)
        request.peerchat_device = known  # type: ignore[attr-defined]
    return known


def _keep_device(response: HttpResponse, device: str) -> HttpResponse:
    response.set_cookie(
        DEVICE,
        device,
        max_age=DEVICE_LIFETIME,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
