"""The pages. What is not the user's own is answered like what does not exist."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from rooms import permissions, queries
from rooms.errors import PermissionDenied
from rooms.models import Enrollment


def _user(request: HttpRequest) -> User:
    # `login_required` stands before every view here.
    return cast("User", request.user)


def _class_page(request: HttpRequest, enrollment: Enrollment) -> dict[str, Any]:
    """What both pages of a course are told about it and the user."""
    membership = queries.course_membership(_user(request), enrollment.course)
    return {
        "course": enrollment.course,
        "enrollment": enrollment,
        "room": membership.room_id,
        "last_read": membership.last_read_seq,
    }


@require_safe
@never_cache
@login_required
def courses(request: HttpRequest) -> HttpResponse:
    enrollments = queries.my_enrollments(_user(request))
    return render(request, "rooms/courses.html", {"enrollments": enrollments})


@require_safe
@never_cache
@login_required
def course(request: HttpRequest, slug: str) -> HttpResponse:
    """The page on which one takes part in the class."""
    try:
        enrollment = permissions.enrolled(_user(request), slug)
    except PermissionDenied:
        raise Http404 from None
    return render(request, "rooms/course.html", _class_page(request, enrollment))


@require_safe
@never_cache
@login_required
def instructor(request: HttpRequest, slug: str) -> HttpResponse:
    """The page from which instructors and assistants lead the class."""
    try:
        enrollment = permissions.leading(_user(request), slug)
    except PermissionDenied:
        raise Http404 from None
    context = _class_page(request, enrollment)
    context["questions"] = queries.questions(enrollment.course)
    return render(request, "rooms/instructor.html", context)
