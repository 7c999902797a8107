"""The pages of try-outs, in which a lecturer tries a class out with simulated students."""

from typing import cast

from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import User
from rooms import addresses, permissions
from rooms.actions import tryouts
from rooms.models import Course
from rooms.process import runtime
from rooms.queries import tryouts as queries
from rooms.queries.courses import course_membership
from rooms.wire.errors import NoTryOut, PermissionDenied


def _user(request: HttpRequest) -> User:
    # `login_required` wraps every view that calls this.
    return cast("User", request.user)


def _led(request: HttpRequest, slug: str) -> Course:
    try:
        return permissions.leading(_user(request), slug).course
    except PermissionDenied:
        raise Http404 from None


@method_decorator((never_cache, login_required), name="dispatch")
class TryOut(View):
    """The page that explains a try-out and starts it. In the copy, it leads to the class."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        course = _led(request, slug)
        if course.slug != slug:
            return redirect("peerchat:try", course.slug)
        if queries.in_course(course) is not None:
            return redirect("peerchat:instructor", course.slug)
        return self._page(request, course)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        course = _led(request, slug)
        try:
            made = tryouts.start(
                user=_user(request), course=course.slug, language=get_language() or ""
            )
        except NoTryOut as error:
            return self._page(request, course, problem=error.message)
        if isinstance(request, ASGIRequest):
            async_to_sync(runtime.attend_to_try_outs)()
        return redirect("peerchat:instructor", made.course.slug)

    @staticmethod
    def _page(request: HttpRequest, course: Course, problem: str = "") -> HttpResponse:
        context = {
            "course": course,
            "problem": problem,
            "running": queries.led_by(_user(request)),
            "students": queries.simulated_students(),
            "minutes": queries.minutes(),
            "ended": "ended" in request.GET,
        }
        return render(request, "rooms/try.html", context, status=409 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def end(request: HttpRequest, slug: str) -> HttpResponse:
    """End the try-out, and remove everything of it. A GET leads to the page that explains it."""
    if request.method != "POST":
        return redirect("peerchat:try", slug)
    try:
        ended = tryouts.end(user=_user(request), course=slug)
    except PermissionDenied:
        raise Http404 from None
    if ended.of is None:
        return redirect("peerchat:courses")
    response = redirect("peerchat:try", ended.of.slug)
    response["Location"] += "?ended"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def student(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the page of the student as whom the lecturer takes part, for this tab alone.

    The page acts by a token of its own, so the browser stays logged in as the lecturer.
    """
    if request.method != "POST":
        return redirect("peerchat:try", slug)
    try:
        enrollment, token = tryouts.enter(user=_user(request), course=slug)
    except PermissionDenied:
        raise Http404 from None
    membership = course_membership(enrollment.user, enrollment.course)
    context = {
        "course": enrollment.course,
        "enrollment": enrollment,
        "room": membership.room_id,
        "last_read": membership.last_read_seq,
        **addresses.for_page(),
        "included": True,
        "token": token,
        "pictures_url": addresses.pictures_by_token(enrollment.course.slug, token),
        "user": enrollment.user,
    }
    return render(request, "rooms/try_student.html", context)
