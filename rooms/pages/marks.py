"""The pages of marks: those of a course for those who lead it, and their own for students."""

import csv
import io
from collections.abc import Container, Iterable, Sequence
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import people
from accounts.forms import focus_wrong
from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import audit
from rooms.actions.mark_rules import change_rules
from rooms.api import spreadsheet
from rooms.api.export import BOM, csv_safe
from rooms.models import Course, Enrollment, Guest, MarkRules
from rooms.pages.course_forms import explain
from rooms.pages.marks_forms import RulesForm, headings, said, written
from rooms.peer.marks import SCORED, Mark, Part, total
from rooms.queries import marks as queries
from rooms.queries.marks import Marked
from rooms.wire.errors import InvalidMessageFormat, PeerError, PermissionDenied, RateLimited

ON_A_PAGE = 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def marks(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the marks of a course, or answer with them as a file (`format=csv` or `xlsx`).

    A POST of an instructor changes the rules.
    """
    user = cast("User", request.user)
    try:
        enrollment = permissions.leading(user, slug)
        if request.method == "POST":
            enrollment = permissions.instructing(user, slug)
    except PermissionDenied:
        raise Http404 from None
    course = enrollment.course
    if request.method == "POST":
        return _change(request, enrollment)
    if course.slug != slug:
        return redirect("peerchat:marks", course.slug)
    match request.GET.get("format"):
        case "csv" | "xlsx" as kind:
            try:
                ratelimit.exports.take(user.pk)
            except RateLimited as error:
                messages.error(request, explain(error))
                return _table(request, enrollment, RulesForm(course=course), status=429)
            audit.record(actor=user, act="marks.export", course=course, detail=kind)
            return _file(course, kind)
    return _table(request, enrollment, RulesForm(course=course))


def _change(request: HttpRequest, enrollment: Enrollment) -> HttpResponse:
    course = enrollment.course
    form = RulesForm(request.POST, course=course)
    if form.is_valid():
        try:
            change_rules(user=cast("User", request.user), course=course.slug, **form.cleaned_data)
        except PeerError as error:
            is_told = isinstance(error, InvalidMessageFormat)
            form.add_error(None, error.message if is_told else explain(error))
        else:
            messages.success(request, _("Saved. All marks follow these rules now."))
            return redirect("peerchat:marks", course.slug)
    focus_wrong(form)
    return _table(request, enrollment, form)


def _table(
    request: HttpRequest, enrollment: Enrollment, form: RulesForm, status: int = 200
) -> HttpResponse:
    course = enrollment.course
    pages = Paginator(queries.students(course), ON_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    marked = queries.of_students(course, list(page))
    audit.record(actor=cast("User", request.user), act="marks.view", course=course)
    rules = MarkRules.of(course)
    counted = _counted(rules)
    guests = _guests(marked)
    context = {
        "course": course,
        "form": form,
        "may_change": enrollment.role == Enrollment.Role.INSTRUCTOR and not course.archived_at,
        "rules": said(rules),
        "page": page,
        "columns": [headings()[name] for name in counted],
        "rows": [_row(one, counted, guests) for one in marked],
    }
    if form.is_bound and form.errors:
        status = 400
    return render(request, "rooms/marks.html", context, status=status)


def _counted(rules: MarkRules) -> list[str]:
    """Return what brings points, in order."""
    return [name for name in SCORED if getattr(rules, name)]


def _guests(marked: Sequence[Marked]) -> set[people.Key]:
    """Return which students are guests: two of them may have given the same name."""
    found = Guest.objects.filter(user__in=[one.user.pk for one in marked])
    return set(found.values_list("user", flat=True))


def _row(one: Marked, counted: Iterable[str], guests: Container[people.Key]) -> dict[str, Any]:
    return {
        "enrollment": one.enrollment.pk,
        "user": one.user,
        "name": one.name,
        "is_guest": one.user.pk in guests,
        **_figures(one.mark),
        "times": [one.mark.times(name) for name in counted],
    }


def _figures(mark: Mark) -> dict[str, Any]:
    return {
        "counts": mark.counts,
        "mark": written(mark.mark),
        "percent": round(100 * mark.share),
        "reached": written(mark.reached),
        "possible": written(mark.possible),
    }


@require_safe
@never_cache
@login_required
def marks_of(request: HttpRequest, slug: str, enrollment: int) -> HttpResponse:
    """Show those who lead a course what the mark of a student is made of."""
    user = cast("User", request.user)
    try:
        course = permissions.leading(user, slug).course
    except PermissionDenied:
        raise Http404 from None
    if course.slug != slug:
        return redirect("peerchat:marks_of", course.slug, enrollment)
    student = queries.student(course, enrollment)
    if student is None:
        raise Http404
    (marked,) = queries.of_students(course, [student])
    audit.record(actor=user, act="marks.view", course=course, subject=marked.user)
    told = [part for part in marked.mark.parts if not part.nameless]
    nameless = [part for part in marked.mark.parts if part.nameless]
    context = {
        "student": marked.user,
        "name": marked.name,
        "is_guest": bool(_guests([marked])),
        "nameless": _sum(nameless),
    }
    return _details(request, "rooms/marks_of.html", course, marked, told, context)


@require_safe
@never_cache
@login_required
def my_marks(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a student their own mark, if the course lets students see it."""
    user = cast("User", request.user)
    try:
        enrollment = permissions.enrolled(user, slug)
    except PermissionDenied:
        raise Http404 from None
    course = enrollment.course
    if enrollment.leads:
        return redirect("peerchat:marks", course.slug)
    if course.slug != slug:
        return redirect("peerchat:my_marks", course.slug)
    if not MarkRules.of(course).shows_students:
        return render(request, "rooms/my_marks.html", {"course": course, "is_hidden": True})
    marked = queries.own(user, course)
    return _details(request, "rooms/my_marks.html", course, marked, marked.mark.parts, {})


def _details(
    request: HttpRequest,
    template: str,
    course: Course,
    marked: Marked,
    parts: Sequence[Part],
    context: dict[str, Any],
) -> HttpResponse:
    rules = MarkRules.of(course)
    counted = _counted(rules)
    names = headings()
    lines = [
        {
            "at": made.at,
            "part": made.part,
            "asked": made.asked,
            "reached": written(made.part.reached),
            "possible": written(made.part.possible),
            "cells": [
                {
                    "name": names[name],
                    "done": name in made.part.done,
                    "could": name in made.part.could,
                }
                for name in counted
            ],
        }
        # The last one first.
        for made in reversed(queries.made_of(parts))
    ]
    context = {
        **context,
        **_figures(marked.mark),
        "course": course,
        "columns": [names[name] for name in counted],
        "lines": lines,
        "rules": said(rules),
    }
    return render(request, template, context)


def _sum(parts: Sequence[Part]) -> dict[str, Any] | None:
    """Return the sum of the classes of which nobody may tell who did what."""
    counted = [part for part in parts if not part.dropped]
    if not parts:
        return None
    return {
        "reached": written(total(part.reached for part in counted)),
        "possible": written(total(part.possible for part in counted)),
    }


COLUMNS = (
    *("username", "name", "mark", "percent", "points", "possible"),
    *(column for name in SCORED for column in (name, f"{name}_possible")),
)


def _cells(one: Marked) -> list[spreadsheet.Cell]:
    mark = one.mark
    # Whoever could reach nothing yet has no mark.
    figures: list[spreadsheet.Cell] = ["", ""]
    if mark.counts:
        figures = [float(mark.mark), round(100 * mark.share, 2)]
    return [
        people.username(one.user),
        one.name,
        *figures,
        float(mark.reached),
        float(mark.possible),
        *(number for name in SCORED for number in mark.times(name)),
    ]


def _file(course: Course, kind: str) -> HttpResponse:
    rows = [_cells(one) for one in queries.of(course)]
    if kind == "xlsx":
        data, content_type = b"".join(spreadsheet.xlsx(COLUMNS, [rows])), spreadsheet.CONTENT_TYPE
    else:
        data, content_type = _csv(rows), "text/csv; charset=utf-8"
    return HttpResponse(
        data,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{course.slug}-marks.{kind}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _csv(rows: list[list[spreadsheet.Cell]]) -> bytes:
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([csv_safe(cell) if isinstance(cell, str) else f"{cell:g}" for cell in row])
    return BOM + file.getvalue().encode()
