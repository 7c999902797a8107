"""The pages of the results of a course, for those who lead it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import User
from rooms import addresses, permissions, yields_said
from rooms.actions import audit
from rooms.models import ClassSession, Course, Question, Round
from rooms.pages import results_shown
from rooms.queries import course_results, lineage
from rooms.queries.anonymity import nameless_sessions
from rooms.queries.arguments import arguments_for
from rooms.queries.question_list import name_of
from rooms.queries.slugs import find_question
from rooms.queries.yields import yields_of
from rooms.wire.errors import PermissionDenied

REASONS = 30
"""Reasons of a page."""
SUMMARY = 24
"""The most questions of a summary, the last ones, so that it stays one page."""


class TermForm(forms.Form):
    """The days between which questions were posed."""

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

    @property
    def bounds(self) -> dict[str, datetime | None]:
        """Return the times of the term; nothing bounds it where a day is missing or wrong."""
        given = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return {"since": _day(given.get("since")), "until": _day(given.get("until"), after=1)}


@require_safe
@never_cache
@login_required
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the sums of a course, its classes and its questions."""
    course = _led(request, slug)
    if course.slug != slug:
        return redirect("peerchat:results", course.slug)
    form = _term_form(request)
    found = course_results.overview(course, **form.bounds, page=_page(request))
    sessions = course_results.sessions_of(course, (one.session for one in found.term.sessions))
    return render(
        request,
        "rooms/results.html",
        {
            "course": course,
            "form": form,
            "found": found,
            "most": course_results.MOST,
            "term": results_shown.shown_term(found.term, sessions),
            "rows": results_shown.shown_rows(found.rows),
            "outside": results_shown.shown_rows(found.released),
            "query": _without(request, "page"),
        },
    )


@require_safe
@never_cache
@login_required
def summary(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the sums of a course or of one class (`session`) as a page to print, without names."""
    course = _led(request, slug)
    if course.slug != slug:
        return redirect("peerchat:results_summary", course.slug)
    context: dict[str, Any]
    if "session" in request.GET:
        session = _session(course, request.GET["session"])
        found = course_results.of_session(course, session)
        term = results_shown.shown_term(found.term, {session.pk: session})
        times = [results_shown.shown_time(one) for one in found.times]
        context = {"session": session, "times": times[-SUMMARY:], "left_out": len(times) - SUMMARY}
    else:
        form = _term_form(request)
        whole = course_results.overview(course, **form.bounds)
        term = results_shown.shown_term(
            whole.term,
            course_results.sessions_of(course, (one.session for one in whole.term.sessions)),
        )
        context = {
            "form": form,
            "rows": results_shown.shown_rows(whole.rows[:SUMMARY]),
            "left_out": whole.questions - SUMMARY,
        }
    return render(
        request,
        "rooms/results_summary.html",
        context | {"course": course, "term": term, "now": timezone.now()},
    )


@require_safe
@never_cache
@login_required
def session(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show what came of one class."""
    course = _led(request, slug)
    if course.slug != slug:
        return redirect("peerchat:results_session", course.slug, pk)
    one = _session(course, pk)
    found = course_results.of_session(course, one)
    return render(
        request,
        "rooms/results_session.html",
        {
            "course": course,
            "session": one,
            "is_nameless": one.pk in nameless_sessions(course),
            "term": results_shown.shown_term(found.term, {one.pk: one}),
            "times": [results_shown.shown_time(time_) for time_ in found.times],
        },
    )


@require_safe
@never_cache
@login_required
def question(request: HttpRequest, slug: str, question: str) -> HttpResponse:
    """Show what came of a question: each time that it was posed, reasons, and earlier terms."""
    course = _led(request, slug)
    one = find_question(course, question)
    if one is None:
        raise Http404
    if (course.slug, one.slug) != (slug, question):
        return redirect("peerchat:results_question", course.slug, one.slug)
    user = cast("User", request.user)
    found = course_results.of_question(course, one)
    sessions = course_results.sessions_of(course, (time_.posed.session for time_ in found.times))
    times = [
        results_shown.shown_time(time_, sessions.get(time_.posed.session or 0))
        for time_ in found.times
    ]
    compared, yields = yields_of(course, question=one.slug)
    return render(
        request,
        "rooms/results_question.html",
        {
            "course": course,
            "question": one,
            "name": name_of(one),
            "pictures_url": addresses.pictures(course.slug),
            "times": times,
            "releases": [results_shown.shown_time(time_) for time_ in found.releases],
            "item": results_shown.shown_item(found.item),
            "earlier": [
                {
                    "course": term.course,
                    "question": term.question,
                    "last": term.last,
                    "sums": results_shown.shown_sums(term.sums),
                }
                for term in lineage.earlier(one, user)
            ],
            "arguments": arguments_for(user, course.slug, one.slug),
            "compared": compared,
            "yields": [
                {
                    "heading": yields_said.HEADINGS[row.by],
                    "make": yields_said.make(row.by, row.make),
                }
                | {
                    "students": row.students,
                    "before": round(100 * row.before),
                    "after": round(100 * row.after),
                    "gain": row.gain,
                }
                for row in yields
            ],
            "reasons": _reasons(request, user, course, one, [time_["pk"] for time_ in times]),
        },
    )


def _reasons(
    request: HttpRequest, user: User, course: Course, one: Question, rounds: list[int]
) -> dict[str, Any] | None:
    """Return a page of the reasons of one time that the question was posed, with its filter."""
    if not rounds:
        return None
    wanted = request.GET.get("round", "")
    pk = next((one for one in rounds if str(one) == wanted), rounds[0])
    first = Round.objects.select_related("session").get(pk=pk)
    counts = course_results.reasoned(first)
    choice = request.GET.get("choice")
    choice = choice if choice in counts else None
    page = Paginator(course_results.reasons(first, choice), REASONS).get_page(
        request.GET.get("page")
    )
    may_name = first.session_id not in nameless_sessions(course)
    named = may_name and "names" in request.GET and bool(page.object_list)
    if named:
        audit.record(
            actor=user,
            act="results.view",
            course=course,
            detail=f"reasons with names: question {one.slug}, round {first.pk}",
        )
    return {
        "round": first,
        "choice": choice,
        "counts": counts,
        "page": page,
        "may_name": may_name,
        "named": named,
        "query": _without(request, "page"),
        "query_choice": _without(request, "page", "choice"),
        "query_names": _without(request, "names"),
    }


def _led(request: HttpRequest, slug: str) -> Course:
    try:
        return permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None


def _session(course: Course, pk: int | str) -> ClassSession:
    text = str(pk)
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise Http404
    found = ClassSession.objects.filter(course=course, pk=int(text)).first()
    if found is None:
        raise Http404
    return found


def _term_form(request: HttpRequest) -> TermForm:
    is_given = "since" in request.GET or "until" in request.GET
    return TermForm(request.GET if is_given else None)


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def _without(request: HttpRequest, *names: str) -> str:
    """Return the query of the address without some of its names."""
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()


def _day(day: Any, after: int = 0) -> datetime | None:
    """Return the begin of a day, or of one some days after it; None beyond the calendar."""
    if day is None:
        return None
    try:
        begin = timezone.make_aware(datetime.combine(day + timedelta(days=after), time.min))
        return begin.astimezone(UTC)
    except OverflowError:
        return None
