"""Template tags that put peerchat into a page of a course site: `{% load peerchat %}`."""

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from rooms import permissions
from rooms.models import Course, Question
from rooms.queries import courses
from rooms.wire.errors import PermissionDenied

register = template.Library()

SCHEMES = ("light", "auto")
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
    slug = course.slug if isinstance(course, Course) else course
    return _panel(context, "rooms/include/course.html", slug, scheme)


@register.simple_tag(takes_context=True)
def peerchat_question(
    context: template.Context, question: Question, *, scheme: str = "light"
) -> SafeString:
    """Render the panel of one question: live while it is current, and its answer afterwards.

    Access and context are as for `peerchat`.
    """
    return _panel(context, "rooms/include/question.html", question.course.slug, scheme, question)


def _panel(
    context: template.Context, name: str, slug: str, scheme: str, question: Question | None = None
) -> SafeString:
    if scheme not in SCHEMES:
        raise template.TemplateSyntaxError(f"scheme must be one of {SCHEMES}, not {scheme!r}.")
    request: HttpRequest | None = context.get("request")
    if request is None:
        raise template.TemplateSyntaxError(
            "The peerchat tags need `request` in the context. Render the template with the request "
            "and enable django.template.context_processors.request."
        )
    login_url = resolve_url(settings.LOGIN_URL)
    if not request.user.is_authenticated:
        return _render("rooms/include/login.html", request, {"login_url": login_url})
    user = request.user
    try:
        enrollment = permissions.enrolled(user, slug)
    except PermissionDenied:
        return mark_safe("")
    membership = courses.course_membership(user, enrollment.course)
    first = not hasattr(request, _LOADED)
    setattr(request, _LOADED, True)
    # Instructors may be showing the page to the class, which has to find the answer itself.
    revealed = question is not None and not enrollment.leads
    if revealed and question is not None:
        revealed = courses.questions_for(enrollment).filter(pk=question.pk).exists()
    return _render(
        name,
        request,
        {
            "user": user,
            "course": enrollment.course,
            "enrollment": enrollment,
            "room": membership.room_id,
            "last_read": membership.last_read_seq,
            "question": question,
            "revealed": revealed,
            "scheme": scheme,
            "login_url": login_url,
            "first": first,
            "csrf_token": get_token(request),
        },
    )


def _render(name: str, request: HttpRequest, context: dict[str, Any]) -> SafeString:
    # Do not pass the request, as the site's context processors are for its own templates.
    return render_to_string(name, {**context, "here": request.get_full_path(), "included": True})
