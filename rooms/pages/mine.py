"""The pages on which a student finds the questions of a course again."""

from typing import Any, Final, cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.people import User
from rooms import addresses, permissions, ratelimit
from rooms.actions.bookmarks import set_bookmark
from rooms.models import Enrollment
from rooms.peer.again import Why
from rooms.peer.answers import REST
from rooms.peer.posed import Ballot
from rooms.queries import mine as queries
from rooms.queries import mine_talk
from rooms.queries.mine import Mine
from rooms.wire.errors import (
    CourseArchived,
    InvalidMessageFormat,
    PermissionDenied,
    RateLimited,
)

ON_A_PAGE = 30
LONGEST_SEARCH = 100
SHOWS: Final = {
    "all": gettext_lazy("All"),
    "again": gettext_lazy("To look at again"),
    "marked": gettext_lazy("Bookmarks"),
}
_WHY: Final = {
    Why.SURE_WRONG: gettext_lazy("sure and wrong"),
    Why.CHANGED_WRONG: gettext_lazy("right at first, then wrong"),
    Why.WRONG: gettext_lazy("wrong"),
    Why.UNSURE_RIGHT: gettext_lazy("right, but not sure"),
    Why.MISSED: gettext_lazy("missed"),
}


@require_safe
@never_cache
@login_required
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a member of a course the questions that its classes were shown, with their answers."""
    enrollment = _enrolled(request, slug)
    course = enrollment.course
    show = request.GET.get("show", "all")
    search = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    if show not in SHOWS:
        raise Http404
    kept = {"show": show} if show != "all" else {}
    if course.slug != slug:
        query = urlencode({**kept, **({"q": search} if search else {})})
        return redirect(f"{reverse('peerchat:mine', args=[course.slug])}?{query}")
    alert, status = "", 200
    user = cast("User", request.user)
    found: list[Mine] = []
    try:
        if search:
            ratelimit.searches.take(user.pk)
        found = queries.questions(user, course, show=show, search=search)
    except RateLimited:
        alert, status = _("That was too fast. Try again in a moment."), 429
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "course": course,
        "here": "again" if show == "again" else "mine",
        "show": show,
        "shows": SHOWS.items(),
        "search": search,
        "page": page,
        "rows": [_row(one) for one in page],
        "alert": alert,
        "other_pages": urlencode({**kept, **({"q": search} if search else {})}),
    }
    return render(request, "rooms/mine.html", context, status=status)


@require_safe
@never_cache
@login_required
def mine_question(request: HttpRequest, slug: str, round: int) -> HttpResponse:  # noqa: A002 - the name in the address
    """Show a question that the class was shown, with the result and what the student did."""
    enrollment = _enrolled(request, slug)
    course, user = enrollment.course, cast("User", request.user)
    if course.slug != slug:
        return redirect("peerchat:mine_question", course.slug, round)
    one = _found(user, enrollment, round)
    own = mine_talk.own_reasons(user, one)
    context = {
        "course": course,
        **_row(one),
        "asked": one.asked,
        "is_revealed": one.result is not None,
        "choices": _choices(one),
        "bars": _bars(one),
        "answers": [
            {"round": number, "ballot": ballot, "answer": _answer(one, ballot), "reason": reason}
            for number, ballot, reason in ((1, one.first, own.first), (2, one.second, own.second))
            if ballot is not None
        ],
        "talk": mine_talk.talk(user, course, one),
        "reasons": mine_talk.reasons(user, course, one),
        "pictures_url": addresses.pictures(course.slug),
    }
    return render(request, "rooms/mine_question.html", context)


@require_POST
@never_cache
@login_required
def bookmark(request: HttpRequest, slug: str, round: int) -> HttpResponse:  # noqa: A002 - the name in the address
    """Mark a question for oneself (`marked=1`), or take that back."""
    enrollment = _enrolled(request, slug)
    one = _found(cast("User", request.user), enrollment, round)
    try:
        set_bookmark(
            user=cast("User", request.user),
            course=enrollment.course.slug,
            question=one.slug,
            marked=request.POST.get("marked") == "1",
        )
    except (CourseArchived, InvalidMessageFormat, PermissionDenied):
        raise Http404 from None
    return redirect("peerchat:mine_question", enrollment.course.slug, round)


def _enrolled(request: HttpRequest, slug: str) -> Enrollment:
    try:
        return permissions.enrolled(cast("User", request.user), slug)
    except PermissionDenied:
        raise Http404 from None


def _found(user: User, enrollment: Enrollment, round_: int) -> Mine:
    # No column holds a larger number.
    one = queries.question(user, enrollment.course, round_) if round_ < 2**63 else None
    if one is None:
        raise Http404
    return one


def _row(one: Mine) -> dict[str, Any]:
    return {
        "one": one,
        "answers_said": [
            {"answer": _answer(one, ballot), "right": ballot.right}
            for ballot in (one.first, one.second)
            if ballot is not None
        ],
        "why": "" if one.why is None else _WHY[one.why],
    }


def _answer(one: Mine, ballot: Ballot) -> str:
    unit = one.asked.answer.get("unit", "") if not one.asked.choices else ""
    return f"{ballot.choice} {unit}".strip()


def _choices(one: Mine) -> list[dict[str, Any]]:
    """Return the choices of a question; which are right, and what is said of them, once shown."""
    is_revealed = one.result is not None
    return [
        {
            "letter": choice["letter"],
            "text": choice["text"],
            "is_correct": is_revealed and choice["is_correct"] and one.asked.kind != "poll",
            "feedback": choice.get("feedback", "") if is_revealed else "",
        }
        for choice in one.asked.choices
    ]


def _bars(one: Mine) -> list[dict[str, Any]]:
    """Return the bars of the result as the class was shown them, with the votes of each round."""
    if one.result is None or "histograms" not in one.result:
        return []
    first, second = one.result["histograms"]
    right = one.result.get("right") or [one.result.get("correct")]
    # A voter can be in several bars.
    counts = one.result.get("voters") or [sum(first.values()), sum(second.values())]
    rounds = [(number, votes) for number, votes in ((1, first), (2, second)) if counts[number - 1]]
    return [
        {
            "answer": _("other answers") if bar == REST else bar,
            "is_right": bar in right,
            "votes": [
                {
                    "round": number,
                    "count": votes.get(bar, 0),
                    "percent": _percent(votes.get(bar, 0), counts[number - 1]),
                }
                for number, votes in rounds
            ],
        }
        for bar in first
    ]


def _percent(part: int, whole: int) -> int:
    return (200 * part + whole) // (2 * whole)
