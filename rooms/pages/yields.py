"""The page on the yield of pairings, for those who lead a course."""

import csv
import io
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import User
from rooms import permissions, yields_said
from rooms.models import Course
from rooms.peer.yields import Yield
from rooms.queries.yields import ROUNDS, questions_of, yields_of
from rooms.wire.errors import PermissionDenied

QUESTIONS = 500
"""The most questions that the page offers to choose from."""
FIRST, LAST = date(2, 1, 1), date(9998, 12, 31)
"""The days that can be chosen. The first and the last ones do not begin in all time zones."""


class FilterForm(forms.Form):
    """Which questions are counted: one of them, or those that were asked between two days."""

    question = forms.ChoiceField(label=gettext_lazy("Question"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = questions_of(course)[:QUESTIONS]
        field = cast("forms.ChoiceField", self.fields["question"])
        field.choices = [
            ("", _("all questions")),
            *((one.slug, (one.title or one.prompt or one.slug)[:80]) for one in asked),
        ]


@require_safe
@never_cache
@login_required
def yields(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what groups of each make gained, or answer with it as CSV (`format=csv`)."""
    try:
        course = permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None
    if course.slug != slug:
        return redirect("peerchat:yields", course.slug)
    form = FilterForm(request.GET or None, course=course)
    given = form.cleaned_data if form.is_bound and form.is_valid() else {}
    counted, rows = yields_of(
        course,
        question=given.get("question") or "",
        since=_day(given.get("since")),
        until=_day(given.get("until"), after=1),
    )
    if request.GET.get("format") == "csv" and (not form.is_bound or form.is_valid()):
        return _download(course, rows)
    tables = [
        {"heading": yields_said.HEADINGS[by], "rows": [_row(one) for one in of]}
        for by, of in groupby(rows, key=lambda one: one.by)
    ]
    return render(
        request,
        "rooms/yields.html",
        {
            "course": course,
            "form": form,
            "tables": tables,
            "counted": counted,
            "most": ROUNDS,
            "query": request.GET.urlencode(),
        },
    )


def _day(day: date | None, after: int = 0) -> datetime | None:
    """Return the begin of a day, or of one some days after it."""
    if day is None:
        return None
    day = min(max(day, FIRST), LAST)
    return timezone.make_aware(datetime.combine(day + timedelta(days=after), time.min))


def _row(one: Yield) -> dict[str, Any]:
    return {
        "name": yields_said.make(one.by, one.make),
        "one": one,
        "before": round(100 * one.before),
        "after": round(100 * one.after),
        "change": f"{100 * one.change:+.0f}",
        "margin": None if one.margin is None else f"{100 * one.margin:.0f}",
        "changed": round(100 * one.changed),
    }


COLUMNS = (
    *("by", "make", "groups", "students", "right_before", "right_after", "change"),
    *("change_margin_95", "changed_answer", "normalised_gain"),
)


def _download(course: Course, rows: list[Yield]) -> HttpResponse:
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for one in rows:
        shares = (one.before, one.after, one.change, one.margin, one.changed, one.gain)
        told = ["" if share is None else f"{share:.4f}" for share in shares]
        table.writerow([one.by.value, one.make, one.groups, one.students, *told])
    return HttpResponse(
        file.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{course.slug}-yields.csv"'},
    )
