"""Template tags that put peerchat into a page of a course site: `{% load peerchat %}`."""

import json
from typing import Any
from urllib.parse import quote

import msgspec
from django import template
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from accounts import languages, people
from rooms import addresses, frames, permissions
from rooms.models import Course, Enrollment, Question, QuestionVersion
from rooms.queries import courses, rooms
from rooms.queries.revealed import Results, revealed_results
from rooms.templatetags.peerchat_csp import nonce_of
from rooms.wire.errors import PermissionDenied

register = template.Library()
register.filter(people.shown_name)

SCHEMES = ("light", "auto")
NOTHING = mark_safe("")
_LOADED = "_peerchat_loaded"


@register.simple_tag(takes_context=True)
def peerchat(
    context: template.Context, course: Course | str, *, scheme: str = "light"
) -> SafeString:
    """Render the panel of a course (or its slug): question, partner chat and course chat.

    Users outside the course see nothing. Visitors who are not logged in see a line with the log-in
    link. With `scheme="auto"` the panel is dark if the browser asks for that. The tag needs
    `request` in the context.
    """
    return _student(context, "rooms/include/course.html", _slug(course), scheme)


@register.simple_tag(takes_context=True)
def peerchat_question(
    context: template.Context, question: Question, *, scheme: str = "light"
) -> SafeString:
    """Render the panel of one question: live while it is current, and its answer afterwards.

    Access and context are as for `peerchat`.
    """
    slug = question.course.slug
    return _student(context, "rooms/include/question.html", slug, scheme, question)


@register.simple_tag(takes_context=True)
def peerchat_lecturer(
    context: template.Context, course: Course | str, *, scheme: str = "light"
) -> SafeString:
    """Render the dashboard of a course (or its slug) for users who lead it; nothing for others.

    Context and `scheme` are as for `peerchat`.
    """
    request = _request(context, scheme)
    enrollment = _enrolled(request, _slug(course))
    if enrollment is None or not enrollment.leads:
        return NOTHING
    return _render(
        "rooms/include/lecturer.html",
        context,
        {
            **_about(request, enrollment),
            "questions": courses.questions(enrollment.course),
            "scheme": scheme,
            "first": _first(request, "lecturer"),
        },
    )


@register.simple_tag(takes_context=True)
def peerchat_results(
    context: template.Context, question: Question, *, scheme: str = "light"
) -> SafeString:
    """Render the votes of both rounds and the right answer of a question after the reveal.

    Only members of the course see it. Until the reveal, the page has nothing of the question but
    its slug. Context and `scheme` are as for `peerchat`.
    """
    request = _request(context, scheme)
    enrollment = _enrolled(request, question.course.slug)
    if enrollment is None:
        return NOTHING
    slug = enrollment.course.slug
    results = revealed_results(enrollment.user, slug, question.slug)
    return _render(
        "rooms/include/results.html",
        context,
        {
            "course": slug,
            "slug": question.slug,
            "pictures_url": addresses.pictures(slug),
            "results": None if results is None else _results(results),
            "scheme": scheme,
            "first": _first(request, "results"),
        },
    )


@register.simple_tag(takes_context=True)
def peerchat_unread(
    context: template.Context,
    course: Course | str,
    *,
    href: str | None = None,
    text: str | None = None,
) -> SafeString:
    """Render a link with the number of the user's unread messages in a course (or its slug).

    It leads to `href`, by default to peerchat's own page of the course. Users outside the course
    see nothing. The tag needs `request` in the context.
    """
    request = _request(context)
    enrollment = _enrolled(request, _slug(course))
    if enrollment is None:
        return NOTHING
    unread = rooms.unread(enrollment.user, enrollment.course.slug)
    return _render(
        "rooms/include/unread.html",
        context,
        {
            "course": unread.course.slug,
            "count": unread.here + unread.elsewhere,
            "elsewhere": unread.elsewhere,
            "href": reverse("peerchat:course", args=[unread.course.slug]) if href is None else href,
            "text": gettext("Course chat") if text is None else text,
        },
    )


def _request(context: template.Context, scheme: str = SCHEMES[0]) -> HttpRequest:
    if scheme not in SCHEMES:
        raise template.TemplateSyntaxError(f"scheme must be one of {SCHEMES}, not {scheme!r}.")
    request: HttpRequest | None = context.get("request")
    if request is None:
        raise template.TemplateSyntaxError(
            "The peerchat tags need `request` in the context. Render the template with the request "
            "and enable django.template.context_processors.request."
        )
    return request


def _slug(course: Course | str) -> str:
    return course.slug if isinstance(course, Course) else course


def _enrolled(request: HttpRequest, slug: str) -> Enrollment | None:
    """Return the enrolment of the user; None for users outside the course or without a log-in."""
    if not request.user.is_authenticated:
        return None
    try:
        enrollment = permissions.enrolled(request.user, slug)
    except PermissionDenied:
        return None
    enrollment.user = request.user
    return enrollment


def _first(request: HttpRequest, script: str) -> bool:
    """Return whether the page has not loaded the script yet."""
    loaded: set[str] = getattr(request, _LOADED, set())
    setattr(request, _LOADED, loaded | {script})
    return script not in loaded


def _about(request: HttpRequest, enrollment: Enrollment) -> dict[str, Any]:
    """Return the context of every panel with a connection."""
    membership = courses.course_membership(enrollment.user, enrollment.course)
    return {
        "user": enrollment.user,
        "course": enrollment.course,
        "enrollment": enrollment,
        "room": membership.room_id,
        "last_read": membership.last_read_seq,
        "login_url": addresses.login(),
        "pictures_url": addresses.pictures(enrollment.course.slug),
        "csrf_token": get_token(request),
        **addresses.for_page(),
    }


def _student(
    page: template.Context, name: str, slug: str, scheme: str, question: Question | None = None
) -> SafeString:
    request = _request(page, scheme)
    if not request.user.is_authenticated:
        way = f"{addresses.login()}?next={quote(request.get_full_path())}"
        link = {"link": format_html('<a href="{}">', way), "end": mark_safe("</a>")}
        return _render("rooms/include/login.html", page, link)
    enrollment = _enrolled(request, slug)
    if enrollment is None:
        return NOTHING
    # Instructors may be showing the page to the class, which has to find the answer itself.
    revealed: list[QuestionVersion] = []
    if question is not None and not enrollment.leads:
        found = courses.questions_for(enrollment).filter(pk=question.pk)
        revealed = courses.versions_for(enrollment, found)
    return _render(
        name,
        page,
        {
            **_about(request, enrollment),
            "question": question,
            "revealed": revealed[0] if revealed else None,
            "scheme": scheme,
            "first": _first(request, "student"),
        },
    )


def _results(results: Results) -> str:
    """Return what the panel of results reads: the fields of the `control` event of the reveal."""
    question = msgspec.to_builtins(frames.question(results.asked))
    histograms = [{one.answer: one.votes[n] for one in results.answers} for n in (0, 1)]
    told = {**question, **results.result, "histograms": histograms, "correct": results.correct}
    return json.dumps(told)


def _render(name: str, page: template.Context, context: dict[str, Any]) -> SafeString:
    # Do not pass the request, as the site's context processors are for its own templates.
    request = page["request"]
    of_page = {
        "here": request.get_full_path(),
        "needs_texts": context.get("first", False) and _first(request, "texts"),
        "csp_nonce": nonce_of(page),
        "language": languages.current(),
    }
    return render_to_string(name, {**context, **of_page, "included": True})
