"""The page of the people of a course, and the panel of joining, for those who lead it."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import people as users
from accounts.addresses import client_address
from accounts.people import User
from rooms import addresses, permissions, qr
from rooms.actions import guests, joining, merging
from rooms.models import Course, Enrollment, JoinCode
from rooms.queries.joining import join_address, join_code, short_join_address
from rooms.queries.people import head_count, people_of
from rooms.wire.errors import InvalidMessageFormat, PeerError, PermissionDenied

ON_A_PAGE = 50
LONGEST_SEARCH = 100


def panel(request: HttpRequest, course: Course) -> dict[str, Any]:
    """Return what the panel of joining shows: the code, its address and QR code, and the counts."""
    code = join_code(course)
    shown: dict[str, Any] = {"code": code, "counts": head_count(course)}
    if code is not None and code.is_open:
        shown["address"] = join_address(request, code.code)
        shown["short"] = short_join_address(request)
        shown["qr"] = qr.svg(shown["address"])
    return shown


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the people of a course and the ways in which they join; a POST changes them."""
    user = cast("User", request.user)
    try:
        enrollment = permissions.leading(user, slug)
    except PermissionDenied:
        raise Http404 from None
    course = enrollment.course
    if request.method == "POST":
        return _change(request, user, course)
    if course.slug != slug:
        return redirect("peerchat:people", course.slug)
    return _show(request, course)


def _show(
    request: HttpRequest, course: Course, *, alert: str = "", status: int = 200
) -> HttpResponse:
    search = request.GET.get("q", "").replace("\0", "")[:LONGEST_SEARCH]
    pages = Paginator(people_of(course, search), ON_A_PAGE)
    context = {
        "course": course,
        "joining": panel(request, course),
        "page": pages.get_page(request.GET.get("page")),
        "search": search,
        "merged": _merged(course, request.GET.get("merge", "")),
        "names": JoinCode.Names,
        "notice": _notices().get(request.GET.get("done", "")),
        "alert": alert,
        "other_pages": urlencode({"q": search} if search else {}),
        **addresses.for_page(),
    }
    return render(request, "rooms/people.html", context, status=status)


def _merged(course: Course, username: str) -> Enrollment | None:
    """Return the guest for whom somebody else is to be chosen."""
    user = users.find(username) if username and "\0" not in username else None
    if user is None:
        return None
    return people_of(course).filter(user=user, user__peerchat_guest__isnull=False).first()


def _notices() -> dict[str, str]:
    return {
        "opened": _("Joining is open."),
        "closed": _("Joining is closed. Those who are in stay in."),
        "renewed": _("The course has a new code. The one before no longer works."),
        "names": _("Saved."),
        "removed": _("Removed from the course. What they wrote and voted stays."),
        "merged": _("The two are one person now."),
    }


def _change(request: HttpRequest, user: User, course: Course) -> HttpResponse:
    action = request.POST.get("action", "")
    change = CHANGES.get(action)
    try:
        if change is None:
            raise InvalidMessageFormat
        done = change(request, user, course.slug)
    except PeerError as refusal:
        return _show(request, course, alert=_told(course, action, refusal), status=400)
    if request.POST.get("from") == "instructor":
        return redirect("peerchat:instructor", course.slug)
    kept = {name: request.GET[name] for name in ("q", "page") if name in request.GET}
    query = urlencode({**kept, "done": done})
    return redirect(f"{reverse('peerchat:people', args=[course.slug])}?{query}")


def _told(course: Course, action: str, refusal: PeerError) -> str:
    if course.archived_at is not None:
        return _("This course is archived: it can only be read.")
    if action == "merge" and isinstance(refusal, PermissionDenied):
        return _("This guest is in other courses, too, and cannot be merged here.")
    if action == "merge":
        return _("These two cannot be merged: choose a guest, and a student of this course.")
    if action == "remove":
        return _("This person is no longer a student of the course.")
    return _("This did not work. Try again.")


def _open(request: HttpRequest, user: User, slug: str) -> str:
    joining.open_joining(user=user, course=slug, address=client_address(request))
    return "opened"


def _close(request: HttpRequest, user: User, slug: str) -> str:
    joining.close_joining(user=user, course=slug)
    return "closed"


def _renew(request: HttpRequest, user: User, slug: str) -> str:
    joining.renew_code(user=user, course=slug, address=client_address(request))
    return "renewed"


def _names(request: HttpRequest, user: User, slug: str) -> str:
    joining.ask_for_names(user=user, course=slug, names=request.POST.get("names", ""))
    return "names"


def _remove(request: HttpRequest, user: User, slug: str) -> str:
    guests.remove(user=user, course=slug, username=_posted(request, "username"))
    return "removed"


def _merge(request: HttpRequest, user: User, slug: str) -> str:
    merging.merge_guest(
        user=user,
        course=slug,
        username=_posted(request, "username"),
        into=_posted(request, "into"),
    )
    return "merged"


def _posted(request: HttpRequest, name: str) -> str:
    """Return a username from the form. Raises InvalidMessageFormat."""
    value = request.POST.get(name, "")
    if "\0" in value:
        raise InvalidMessageFormat
    return value


CHANGES: dict[str, Callable[[HttpRequest, User, str], str]] = {
    "open": _open,
    "close": _close,
    "renew": _renew,
    "names": _names,
    "remove": _remove,
    "merge": _merge,
}
