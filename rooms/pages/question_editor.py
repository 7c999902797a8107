"""The page on which a question is written, and the frames of its preview."""

from typing import cast

import msgspec
from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.people import User
from rooms import addresses, flaws, permissions
from rooms.api.questions import body_of
from rooms.models import Course, Question
from rooms.queries.courses import course_membership
from rooms.queries.question_list import edited, originals, tags_of
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied

FRAMES = {"phone": "rooms/preview_phone.html", "hall": "rooms/screen.html"}
# The policy of a frame and of what it loads, whatever policy the site around these apps has.
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@require_safe
@never_cache
@login_required
# Its types know no arguments of a view.
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
def question(request: HttpRequest, slug: str, question: str) -> HttpResponse:
    """Show a question to those who lead its course, to write it."""
    course = _course(request, slug)
    try:
        found = edited(course, question)
    except InvalidMessageFormat:
        raise Http404 from None
    if (course.slug, found.slug) != (slug, question):
        return redirect("peerchat:question", course.slug, found.slug)
    body = msgspec.json.encode(body_of(found)).decode()
    context = {
        "course": course,
        "room": course_membership(cast("User", request.user), course).room_id,
        "question": found,
        "body": body,
        "kinds": Question.Kind.choices,
        "flaws": msgspec.json.encode(flaws.templates()).decode(),
        "originals": originals(course, found),
        "has_twins": found.twins.exists(),
        "tags": [tag for tag, _ in tags_of(course)],
        "pictures_url": addresses.pictures(course.slug),
        "login_url": addresses.login(),
        **addresses.for_page(),
    }
    return render(request, "rooms/question.html", context)


@require_safe
@never_cache
@login_required
@xframe_options_sameorigin
def preview(request: HttpRequest, slug: str, view: str) -> HttpResponse:
    """Show the frame in which the page of a question shows it, as on a phone or in the hall.

    It has the elements, the scripts and the style sheets of those pages; what it shows comes from
    the page around it, and only from this site.
    """
    course = _course(request, slug)
    if view not in FRAMES:
        raise Http404
    context = {
        "course": course,
        "is_preview": True,
        "pictures_url": addresses.pictures(course.slug),
        "join_address": "",
        "qr_url": "",
    }
    response = render(request, FRAMES[view], context)
    response["Content-Security-Policy"] = FRAME_POLICY
    return response


def _course(request: HttpRequest, slug: str) -> Course:
    try:
        return permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None
