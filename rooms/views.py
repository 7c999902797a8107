"""The views of the pages. A page that the user may not see is answered like a missing one."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET, require_safe

from accounts import languages
from accounts.entry import GUEST_KEY
from accounts.links import BadLink
from accounts.people import User
from rooms import addresses, permissions
from rooms import texts as catalogue
from rooms.conf import limits
from rooms.embed import issue_token, open_embed_link
from rooms.models import Enrollment
from rooms.pages import people
from rooms.queries.courses import course_membership, my_enrollments, questions
from rooms.queries.releases import to_answer
from rooms.wire.errors import PermissionDenied


def _user(request: HttpRequest) -> User:
    # `login_required` wraps every view that calls this.
    return cast("User", request.user)


def _class_page(request: HttpRequest, enrollment: Enrollment) -> dict[str, Any]:
    """Return the context that both pages of a course need."""
    return {**_about(_user(request), enrollment), "login_url": addresses.login()}


def _about(user: User, enrollment: Enrollment) -> dict[str, Any]:
    membership = course_membership(user, enrollment.course)
    return {
        "course": enrollment.course,
        "enrollment": enrollment,
        "room": membership.room_id,
        "last_read": membership.last_read_seq,
        "pictures_url": addresses.pictures(enrollment.course.slug),
        **addresses.for_page(),
    }


@require_safe
@never_cache
@login_required
def courses(request: HttpRequest) -> HttpResponse:
    """Show the courses of the user, and apart from them those that are archived."""
    user = _user(request)
    found = list(my_enrollments(user))
    context = {
        "enrollments": [one for one in found if one.course.archived_at is None],
        "archived": [one for one in found if one.course.archived_at is not None],
        "may_make_courses": permissions.may_make_courses(user),
    }
    return render(request, "rooms/courses.html", context)


@require_safe
@never_cache
@login_required
def course(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the page on which students take part in the class."""
    try:
        enrollment = permissions.enrolled(_user(request), slug)
    except PermissionDenied:
        raise Http404 from None
    if enrollment.course.slug != slug:
        return redirect("peerchat:course", enrollment.course.slug)
    context = _class_page(request, enrollment)
    if not enrollment.leads:
        context["to_answer"] = to_answer(_user(request)).filter(course=enrollment.course).count()
    context["welcome"] = "welcome" in request.GET and GUEST_KEY in request.session
    return render(request, "rooms/course.html", context)


@require_safe
@never_cache
@login_required
def instructor(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the page from which instructors and assistants lead the class."""
    try:
        enrollment = permissions.leading(_user(request), slug)
    except PermissionDenied:
        raise Http404 from None
    if enrollment.course.slug != slug:
        return redirect("peerchat:instructor", enrollment.course.slug)
    context = _class_page(request, enrollment)
    context["questions"] = questions(enrollment.course)
    context["joining"] = people.panel(request, enrollment.course)
    return render(request, "rooms/instructor.html", context)


@require_safe
@languages.in_any_language
def texts(request: HttpRequest, language: str, version: str) -> HttpResponse:
    """Return the texts of the scripts in a language, to be kept for good by their version.

    While workers of two versions run, a page may ask one that has other texts.
    """
    # Django's default, en-us, is none of its languages.
    if language not in (languages.SOURCE, settings.LANGUAGE_CODE, *dict(settings.LANGUAGES)):
        raise Http404
    response = HttpResponse(catalogue.script(language), content_type="text/javascript")
    is_known = version == catalogue.version(language)
    response["Cache-Control"] = "public, max-age=31536000, immutable" if is_known else "no-store"
    response["Content-Language"] = language
    return response


# The policy of the frame and of what it loads, whatever policy the site around these apps has.
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors {}"
)


@require_GET  # looking at a link with HEAD must not use it up
@never_cache
@login_not_required  # the link logs in
@xframe_options_exempt  # it knows no list of sites; the policy does
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the page of the course in a frame of a site in EMBED_ANCESTORS, by a signed link.

    The page ignores any session of the browser. It acts for the user of the link, by a token.
    """
    ancestors = limits["EMBED_ANCESTORS"]
    if not ancestors:
        raise Http404
    try:
        enrollment = open_embed_link(request.GET.get("link", ""), slug)
    except (BadLink, PermissionDenied):
        where = {"slug": slug, "ancestors": " ".join(ancestors)}
        response = render(request, "rooms/embed_refused.html", where, status=403)
    else:
        user = enrollment.user
        languages.speak_to(user)
        token = issue_token(user)
        context = {
            **_about(user, enrollment),
            "included": True,
            "token": token,
            "pictures_url": addresses.pictures_by_token(enrollment.course.slug, token),
        }
        response = HttpResponse(render_to_string("rooms/embed.html", {**context, "user": user}))
    response["Content-Security-Policy"] = FRAME_POLICY.format(" ".join(ancestors))
    return response
