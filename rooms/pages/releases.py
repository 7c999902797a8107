"""The pages on which lecturers release questions and see what came of it."""

from collections import Counter
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import focus_wrong
from accounts.people import User
from rooms import addresses, permissions
from rooms.actions import releases as actions
from rooms.actions.releases import SeedTexts
from rooms.models import ClassSettings, Course, Release
from rooms.pages.course_forms import explain
from rooms.pages.release_forms import (
    ReleaseForm,
    TermsForm,
    given_seeds,
    has_letters,
    seed_rows,
    terms_form,
)
from rooms.peer import bars
from rooms.peer.posed import Posed
from rooms.queries import releases as reads
from rooms.wire import errors
from rooms.wire.errors import NoSuchRelease, PeerError, PermissionDenied, ReleaseRefused

ON_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def releases(request: HttpRequest, slug: str) -> HttpResponse:
    """List the releases of a course to those who lead it, and make new ones."""
    course = _led(request, slug)
    data = request.POST if request.method == "POST" else None
    form = ReleaseForm(data, course=course, what=request.GET.get("what", ""))
    if request.method == "POST":
        if form.is_valid():
            try:
                return _make(request, course, form)
            except PeerError as error:
                form.add_error(None, told(error))
    elif course.slug != slug:
        return redirect("peerchat:releases", course.slug)
    focus_wrong(form)
    page = Paginator(reads.releases_of(course), ON_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    return render(
        request,
        "rooms/releases.html",
        {
            "course": course,
            "form": form,
            "page": page,
            "rows": [{"release": one, "state": _state(one, now)} for one in page],
            "pairs": ClassSettings.of(course).pairs_at_night,
        },
        status=400 if form.errors else 200,
    )


def _make(request: HttpRequest, course: Course, form: ReleaseForm) -> HttpResponse:
    kind, which = form.chosen
    common: dict[str, Any] = {
        "user": request.user,
        "course": course.slug,
        "name": form.cleaned_data["name"],
        "terms": form.terms,
    }
    if kind == "question":
        made = actions.release_question(question=which, **common)
        told_ = _("Released. A reason for each answer helps whoever answers first.")
        messages.success(request, told_, fail_silently=True)
        return redirect("peerchat:release", course.slug, made.pk)
    many = actions.release_session(session=int(which), **common)
    messages.success(
        request, _("Questions released: %(count)s.") % {"count": len(many)}, fail_silently=True
    )
    return redirect("peerchat:releases", course.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def release(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show a release with its answers to those who lead the course, and change it."""
    course = _led(request, slug)
    try:
        found = reads.release_of(course, pk)
    except NoSuchRelease:
        raise Http404 from None
    if request.method != "POST":
        if course.slug != slug:
            return redirect("peerchat:release", course.slug, pk)
        return _page(request, course, found)
    do = request.POST.get("do", "")
    form, seeds = terms_form(found), None
    changes: dict[str, Any] = {}
    match do:
        case "terms":
            form = terms_form(found, request.POST)
            if not form.is_valid():
                return _page(request, course, found, form=form)
            changes["terms"] = form.terms
        case "seeds":
            seeds = changes["seeds"] = given_seeds(request.POST)
        case "withdraw" | "restore":
            changes["withdrawn"] = do == "withdraw"
        case _:
            raise Http404
    try:
        actions.change_release(
            user=cast("User", request.user), course=course.slug, release=pk, **changes
        )
    except PeerError as error:
        if do == "terms":
            form.add_error(None, told(error))
            return _page(request, course, found, form=form)
        return _page(request, course, found, seeds=seeds, alert=told(error))
    messages.success(request, _("Saved."), fail_silently=True)
    return redirect("peerchat:release", course.slug, pk)


def _page(
    request: HttpRequest,
    course: Course,
    found: Release,
    *,
    form: TermsForm | None = None,
    seeds: SeedTexts | None = None,
    alert: str = "",
) -> HttpResponse:
    posed = reads.answers_of(found)
    context = {
        "course": course,
        "release": found,
        "asked": found.version,
        "state": _state(found, timezone.now()),
        "form": form or terms_form(found),
        "rows": seed_rows(found, seeds),
        "letters": has_letters(found),
        "bars": _bars(posed),
        "right": _right(posed),
        "partners": len({one.group for one in posed.answers if one.group is not None}),
        "picked": reads.picked_reasons(found),
        "alert": alert,
        "pictures_url": addresses.pictures(course.slug),
    }
    refused = bool(alert) or (form is not None and bool(form.errors))
    return render(request, "rooms/release.html", context, status=400 if refused else 200)


def _bars(posed: Posed) -> list[dict[str, Any]]:
    """Return a row for each answer, with the numbers of first and second answers."""
    counts = [
        Counter(ballot.choice for one in posed.answers if (ballot := choose(one)) is not None)
        for choose in (lambda one: one.first, lambda one: one.second)
    ]
    first, second = bars.tally(posed.key, counts)
    right = set(bars.right_bars(posed.key, first))
    most = max([1, *first.values(), *second.values()])
    return [
        {
            "answer": answer,
            "first": first[answer],
            "second": second[answer],
            "right": answer in right,
            "first_width": round(100 * first[answer] / most),
            "second_width": round(100 * second[answer] / most),
        }
        for answer in first
    ]


def _right(posed: Posed) -> tuple[int, int] | None:
    """Return the percentages right, of the first and the second answers, if there are any."""
    if posed.key.correct is None:
        return None
    shares = []
    for ballots in (
        [one.first for one in posed.answers if one.first is not None],
        [one.second for one in posed.answers if one.second is not None],
    ):
        if not ballots:
            return None
        shares.append(round(100 * sum(bool(one.right) for one in ballots) / len(ballots)))
    return shares[0], shares[1]


def _state(release: Release, now: Any) -> str:
    if release.withdrawn_at is not None:
        return "withdrawn"
    if release.opens_at > now:
        return "later"
    return "over" if reads.is_due(release, now) else "open"


def _led(request: HttpRequest, slug: str) -> Course:
    try:
        return permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None


def told(error: PeerError) -> str:
    """Return why something of a release was refused, in a sentence for the user."""
    match error:
        # These are in the language of the page.
        case ReleaseRefused():
            return error.message
        case errors.QuestionNotReady():
            return _("This question cannot be released yet: it is a draft, or not complete.")
        case errors.TextTooLong():
            return _("The text is too long.")
        case errors.CourseArchived():
            return explain(error)
        case errors.PermissionDenied():
            return _("In a try-out nothing is released.")
    return explain(error)
