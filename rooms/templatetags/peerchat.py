"""The tags with which a page of a course site has peerchat in it: `{% load peerchat %}`."""

import json
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from rooms import permissions
from rooms.models import Course, Enrollment, Question
from rooms.queries import courses, rooms
from rooms.queries.results import Results, revealed_results
from rooms.wire.errors import PermissionDenied

register = template.Library()

SCHEMES = ("light", "auto")
NOTHING = mark_safe("")
_LOADED = "_peerchat_loaded"


@register.simple_tag(takes_context=True)
def peerchat(
    context: template.Context, course: Course | str, *, scheme: str = "light"
) -> SafeString:
    """The whole panel of a course (or its slug): the question, the partner chat, the course chat.

    Nothing for who is not in the course; a line with the log-in for who is not logged in. With
    `scheme="auto"` it is dark where the browser asks for that. Needs `request` in the context.
    """
    request = _request(context, scheme)
    return _student(request, "rooms/include/course.html", _slug(course), scheme)


@register.simple_tag(takes_context=True)
def peerchat_question(
    context: template.Context, question: Question, *, scheme: str = "light"
) -> SafeString:
    """The panel of one question: alive while the class is at it, and its answer afterwards.

    For whom and with what as `peerchat`.
    """
    request = _request(context, scheme)
    slug = question.course.slug
    return _student(request, "rooms/include/question.html", slug, scheme, question)


@register.simple_tag(takes_context=True)
def peerchat_lecturer(
    context: template.Context, course: Course | str, *, scheme: str = "light"
) -> SafeString:
    """The dashboard of a course (or its slug), for those who lead it; nothing for anybody else.

    With what as `peerchat`.
    """
    request = _request(context, scheme)
    enrollment = _enrolled(request, _slug(course))
    if enrollment is None or not enrollment.leads:
        return NOTHING
    return _render(
        "rooms/include/lecturer.html",
        request,
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
    """The votes of both rounds and the right answer of a question, once they were revealed.

    For members of the course; nothing for anybody else. Until the reveal, the page has nothing of
    the question but its slug. With what as `peerchat`.
    """
    request = _request(context, scheme)
    enrollment = _enrolled(request, question.course.slug)
    if enrollment is None:
        return NOTHING
    slug = enrollment.course.slug
    results = revealed_results(enrollment.user, slug, question.slug)
    return _render(
        "rooms/include/results.html",
        request,
        {
            "course": slug,
            "slug": question.slug,
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
    text: str = "Course chat",
) -> SafeString:
    """A link with the number of the user's unread messages in a course (or its slug).

    It leads to `href`, by default to peerchat's own page of the course. Nothing for who is not in
    the course. Needs `request` in the context.
    """
    request = _request(context)
    enrollment = _enrolled(request, _slug(course))
    if enrollment is None:
        return NOTHING
    unread = rooms.unread(enrollment.user, enrollment.course.slug)
    return _render(
        "rooms/include/unread.html",
        request,
        {
            "course": unread.course.slug,
            "count": unread.here + unread.elsewhere,
            "elsewhere": unread.elsewhere,
            "href": reverse("course", args=[unread.course.slug]) if href is None else href,
            "text": text,
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
    """The enrolment of the user; None for who is not in the course, or not logged in."""
    if not request.user.is_authenticated:
        return None
    try:
        enrollment = permissions.enrolled(request.user, slug)
    except PermissionDenied:
        return None
    enrollment.user = request.user
    return enrollment


def _first(request: HttpRequest, script: str) -> bool:
    """Whether the page has not loaded the script yet."""
    loaded: set[str] = getattr(request, _LOADED, set())
    setattr(request, _LOADED, loaded | {script})
    return script not in loaded


def _login_url() -> str:
    return resolve_url(settings.LOGIN_URL)


def _about(request: HttpRequest, enrollment: Enrollment) -> dict[str, Any]:
    """What every panel with a connection is told."""
    membership = courses.course_membership(enrollment.user, enrollment.course)
    return {
        "user": enrollment.user,
        "course": enrollment.course,
        "room": membership.room_id,
        "last_read": membership.last_read_seq,
        "login_url": _login_url(),
        "csrf_token": get_token(request),
    }


def _student(
    request: HttpRequest, name: str, slug: str, scheme: str, question: Question | None = None
) -> SafeString:
    if not request.user.is_authenticated:
        return _render("rooms/include/login.html", request, {"login_url": _login_url()})
    enrollment = _enrolled(request, slug)
    if enrollment is None:
        return NOTHING
    # Who leads may be showing the page to the class: the answer is for the class to find.
    revealed = question is not None and not enrollment.leads
    if revealed and question is not None:
        revealed = courses.questions_for(enrollment).filter(pk=question.pk).exists()
    return _render(
        name,
        request,
        {
            **_about(request, enrollment),
            "question": question,
            "revealed": revealed,
            "scheme": scheme,
            "first": _first(request, "student"),
        },
    )


def _results(results: Results) -> str:
    """What the panel of results reads: the fields of a `control` event that reveals them."""
    return json.dumps(
        {
            "prompt": results.prompt,
            "choices": [{"choice": c.letter, "text": c.text} for c in results.choices],
            "histograms": [{c.letter: c.votes[n] for c in results.choices} for n in (0, 1)],
            "correct": next((c.letter for c in results.choices if c.is_correct), None),
        }
    )


def _render(name: str, request: HttpRequest, context: dict[str, Any]) -> SafeString:
    # Not the request itself: the site's context processors are for its own templates.
    return render_to_string(name, {**context, "here": request.get_full_path(), "included": True})
