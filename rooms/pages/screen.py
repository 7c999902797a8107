"""The views of the screen of the hall: for those who lead the course, and by its link."""

from datetime import timedelta
from typing import Any, cast

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.people import User
from rooms import addresses, permissions, qr
from rooms.actions import screen as actions
from rooms.models import Course, JoinCode
from rooms.queries import screen as queries
from rooms.queries.joining import join_address, short_join_address
from rooms.wire.errors import NoScreen, PermissionDenied
from rooms.wire.screen import LINK_DAYS

SVG = '<svg xmlns="http://www.w3.org/2000/svg"'
"""The first line of an SVG that is a document of its own."""


def _page(request: HttpRequest, course: Course) -> dict[str, Any]:
    return {
        "pictures_url": addresses.pictures(course.slug),
        "course": course,
        "join_address": short_join_address(request),
        "qr_url": reverse("peerchat:screen_qr", args=["-"]),
        **addresses.for_page(),
    }


@require_safe
@never_cache
@login_required
def screen(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the screen of the hall to those who lead the course, with its menu."""
    try:
        course = permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None
    if course.slug != slug:
        return redirect("peerchat:screen", course.slug)
    setup = queries.setup(course)
    link = None
    if setup.has_link:
        path = reverse("peerchat:linked_screen", args=[queries.link_secret(setup)])
        link = request.build_absolute_uri(path)
    return render(
        request,
        "rooms/screen.html",
        {
            **_page(request, course),
            "setup": setup,
            "link": link,
            "days": LINK_DAYS,
            "menu_open": "menu" in request.GET,
        },
    )


@require_POST
@login_required
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the setup of the screen, or make or end its link; the form says which by `do`."""
    user = cast("User", request.user)
    try:
        match request.POST.get("do"):
            case "choose":
                shown = request.POST.get("shows_partners") == "on"
                actions.choose(user=user, course=slug, shows_partners=shown)
            case "make":
                given = request.POST.get("days")
                days = next((one for one in LINK_DAYS if str(one) == given), LINK_DAYS[0])
                actions.make_link(user=user, course=slug, days=days)
            case "end":
                actions.end_link(user=user, course=slug)
    except PermissionDenied:
        raise Http404 from None
    return redirect(f"{reverse('peerchat:screen', args=[slug])}?menu")


@require_safe
@never_cache
@login_not_required  # the link is enough
def linked(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the screen of the hall to whoever has its link, without any menu."""
    try:
        found = queries.linked_screen(secret)
    except NoScreen:
        return render(request, "rooms/screen_ended.html", status=404)
    page = {
        **_page(request, found.course),
        "secret": secret,
        "pictures_url": addresses.pictures_of_screen(secret),
    }
    return render(request, "rooms/screen.html", page)


@require_safe
@cache_control(max_age=timedelta(days=1) // timedelta(seconds=1))
@login_not_required  # it shows what is asked for, and nothing of a course
def join_qr(request: HttpRequest, code: str) -> HttpResponse:
    """Return the QR code of the address at which people join by a code, even if nobody has it."""
    if len(code) != JoinCode.LENGTH or not set(code) <= set(JoinCode.ALPHABET):
        raise Http404
    drawn = qr.svg(join_address(request, code)).replace("<svg", SVG, 1)
    return HttpResponse(drawn, content_type="image/svg+xml")
