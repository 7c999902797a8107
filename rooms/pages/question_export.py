"""The download of the questions of a course."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import User
from rooms import permissions
from rooms.queries.question_export import FORMATS, Export, export
from rooms.wire.errors import PeerError, PermissionDenied


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def question_export(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the questions of a course as a file, or those that `question` names.

    The form of the list of questions posts those that are chosen there.
    """
    try:
        course = permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None
    fields = request.POST if request.method == "POST" else request.GET
    format_, chosen = fields.get("format", next(iter(FORMATS))), fields.getlist("question")
    if format_ not in FORMATS:
        raise Http404
    if request.method == "POST" and not chosen:
        messages.error(request, gettext("Choose the questions that you want to export."))
        return redirect("peerchat:questions", course.slug)
    try:
        return as_download(export(course, format_, chosen or None))
    except PeerError as error:
        messages.error(request, error.message)
        return redirect("peerchat:question_import", course.slug)


def as_download(found: Export) -> HttpResponse:
    """Return the answer by which a browser stores the file."""
    return HttpResponse(
        found.data,
        content_type=found.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{found.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
