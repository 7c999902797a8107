"""The pages on which students answer released questions."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.people import User
from rooms import addresses, permissions
from rooms.actions import night as night_actions
from rooms.actions import reminders, takes
from rooms.actions.messages import Post, post_message
from rooms.models import ClassSettings, Course, Enrollment, Release, Take
from rooms.pages.course_forms import explain
from rooms.peer.asking import Asked
from rooms.queries import night, releases
from rooms.queries import takes as reads
from rooms.queries.reminders import can_be_reminded
from rooms.wire import errors
from rooms.wire.commands import NewMessage
from rooms.wire.errors import NoSuchRelease, PeerError, PermissionDenied, RateLimited
from rooms.wire.fields import ANSWER_LIMIT, RATIONALE_LIMIT

ON_A_PAGE = 50
CONFIDENCES = range(1, 6)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def outside(request: HttpRequest, slug: str) -> HttpResponse:
    """List the released questions to the people of a course, and let students have reminders."""
    user = cast("User", request.user)
    enrollment = _enrolled(user, slug)
    course = enrollment.course
    if request.method == "POST":
        wanted = request.POST.get("reminders") == "on"
        try:
            reminders.set_reminders(user=user, course=course.slug, wanted=wanted)
        except PermissionDenied:
            raise Http404 from None
        except RateLimited:
            # The page shows that nothing has changed.
            pass
        return redirect("peerchat:outside", course.slug)
    if course.slug != slug:
        return redirect("peerchat:outside", course.slug)
    page = Paginator(releases.visible(course), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "rooms/outside.html",
        {
            "course": course,
            "enrollment": enrollment,
            "page": page,
            "rows": releases.outside(user, list(page)),
            "may_be_reminded": enrollment.role == Enrollment.Role.STUDENT and can_be_reminded(user),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def take(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show a released question to a student, at the step where they are, and take their answers."""
    user = cast("User", request.user)
    enrollment = _enrolled(user, slug)
    course = enrollment.course
    try:
        release = releases.visible_one(course, pk)
    except NoSuchRelease:
        raise Http404 from None
    release.course = course
    if request.method != "POST":
        if course.slug != slug:
            return redirect("peerchat:take", course.slug, pk)
        return _page(request, enrollment, release)
    deeds: dict[str, Callable[..., Any]] = {
        "begin": takes.begin,
        "answer": lambda **of: takes.answer(**of, **_answer(request)),
        "again": lambda **of: takes.answer(**of, **_answer(request), again=True),
        "pick": lambda **of: takes.pick(**of, **_picked(request)),
    }
    deed = deeds.get(request.POST.get("do", ""))
    if deed is None:
        raise Http404
    try:
        deed(user=user, course=course.slug, release=pk)
    except PeerError as error:
        return _page(request, enrollment, release, alert=_told(error))
    return redirect("peerchat:take", course.slug, pk)


@require_POST
@never_cache
@login_required
def night_partner(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Wait for a partner, stop waiting, or write to the partner, on a page without scripts."""
    user = cast("User", request.user)
    enrollment = _enrolled(user, slug)
    of: dict[str, Any] = {"user": user, "course": enrollment.course.slug, "release": pk}
    try:
        match request.POST.get("do", ""):
            case "wait":
                night_actions.look_for_partner(**of)
            case "stop":
                night_actions.stop_waiting(**of)
            case "say":
                _say(request, enrollment.course, pk)
            case _:
                raise Http404
    except NoSuchRelease:
        raise Http404 from None
    except PeerError as error:
        release = releases.visible(enrollment.course).filter(pk=pk).first()
        if release is None:
            raise Http404 from None
        release.course = enrollment.course
        return _page(request, enrollment, release, alert=_told(error))
    return redirect("peerchat:take", enrollment.course.slug, pk)


def _say(request: HttpRequest, course: Course, pk: int) -> None:
    user = cast("User", request.user)
    mine = reads.take_of(user, releases.visible_one(course, pk))
    pair = None if mine is None else reads.pair_of(mine)
    if pair is None:
        raise NoSuchRelease
    uuid = request.POST.get("uuid", "").replace("\0", "")[:64]
    text = request.POST.get("text", "").replace("\0", "")
    post_message(
        post=Post.of(user, NewMessage(uuid=uuid or str(uuid4()), room=str(pair.room_id), text=text))
    )


def _page(
    request: HttpRequest, enrollment: Enrollment, release: Release, *, alert: str = ""
) -> HttpResponse:
    user, course, now = cast("User", request.user), enrollment.course, timezone.now()
    mine = reads.take_of(user, release)
    settings = ClassSettings.of(course)
    is_due = releases.is_due(release, now)
    is_revealed = reads.is_told(user, release, mine, now)
    step = _step(mine, is_due=is_due, is_revealed=is_revealed)
    pair = None if mine is None else reads.pair_of(mine)
    shown = [] if mine is None or mine.first_at is None else reads.shown_reasons(mine)
    is_student = enrollment.role == Enrollment.Role.STUDENT and course.archived_at is None
    context: dict[str, Any] = {
        "course": course,
        "release": release,
        "asked": release.version,
        "take": mine,
        "step": step,
        "is_student": is_student,
        "is_revealed": is_revealed,
        "alert": alert,
        "typed": request.POST if alert else {},
        "typed_choice": request.POST.getlist("choice") if alert else [],
        "letters": _letters(release, mine),
        "asks_confidence": settings.asks_confidence != Asked.OFF,
        "asks_reason": settings.asks_reason != Asked.OFF,
        "needs_confidence": settings.asks_confidence == Asked.REQUIRED,
        "needs_reason": settings.asks_reason == Asked.REQUIRED,
        "confidences": CONFIDENCES,
        "answer_limit": ANSWER_LIMIT,
        "reason_limit": RATIONALE_LIMIT,
        "shown": shown,
        "pictures_url": addresses.pictures(course.slug),
        **addresses.for_page(),
    }
    if mine is not None and step in ("between", "pick", "done", "missed"):
        context |= {
            "talk": None if pair is None else night.talk_body(pair, mine),
            "may_pair": step == "between" and pair is None and reads.may_pair(course),
            "waiting": mine.waiting_since is not None,
        }
    if step == "pick" and mine is not None:
        context["messages_of_partner"] = reads.convincing(pair, mine)
    if is_revealed:
        key = release.version.key
        context["was_right"] = (
            None
            if mine is None or mine.first_at is None or key.correct is None
            else (
                key.is_right(mine.first_choice),
                key.is_right(mine.second_choice) if mine.second_at is not None else None,
            )
        )
    return render(request, "rooms/take.html", context, status=400 if alert else 200)


def _step(mine: Take | None, *, is_due: bool, is_revealed: bool) -> str:
    """Return where a student is: what the page asks for now."""
    if mine is not None and mine.second_at is not None:
        return "done" if is_due or is_revealed or not reads.has_to_pick(mine) else "pick"
    if is_due:
        return "missed"
    if mine is None:
        return "begin"
    return "answer" if mine.first_at is None else "between"


def _letters(release: Release, mine: Take | None) -> list[dict[str, Any]]:
    """Return the choices of a question, each with whether the student chose it before."""
    before = mine.first_choice if mine is not None else ""
    after = mine.second_choice if mine is not None else ""
    return [
        {**one, "first": one["letter"] in before, "second": one["letter"] in after}
        for one in release.version.choices
    ]


def _answer(request: HttpRequest) -> dict[str, Any]:
    given = request.POST
    confidence = given.get("confidence", "")
    # Several choices come as several fields of one name.
    choice = "".join(given.getlist("choice"))
    return {
        "choice": choice.replace("\0", "")[: 4 * ANSWER_LIMIT],
        "confidence": int(confidence) if confidence in map(str, CONFIDENCES) else None,
        "reason": given.get("reason", "").replace("\0", ""),
    }


def _picked(request: HttpRequest) -> dict[str, Any]:
    kind, _, which = request.POST.get("convinced", "").partition(":")
    if kind == Take.Convinced.REASON and which.isascii() and which.isdecimal():
        return {"convinced": kind, "shown": int(which[:15])}
    if kind == Take.Convinced.MESSAGE:
        try:
            return {"convinced": kind, "message": UUID(which)}
        except ValueError:
            return {"convinced": kind}
    return {"convinced": kind}


def _enrolled(user: User, slug: str) -> Enrollment:
    try:
        return permissions.enrolled(user, slug)
    except PermissionDenied:
        raise Http404 from None


def _told(error: PeerError) -> str:
    match error:
        case errors.InvalidChoice():
            return _("Choose or write an answer.")
        case errors.IncompleteVote():
            missing = error.extra["missing"]
            if "reason" in missing:
                return _("Say in a few words why you think so.")
            return _("Say how sure you are.")
        case errors.TextTooLong():
            return _("The text is too long.")
        case errors.EmptyText():
            return _("Write something first.")
        case errors.ReleaseClosed():
            return _("This step is not open any more. The page shows where you are.")
        case errors.NoPartner():
            return _("Nobody is paired in this course now.")
        case errors.NoSuchArgument():
            return _("Choose what convinced you.")
        case errors.RateLimited() | errors.CourseArchived():
            return explain(error)
        case errors.PermissionDenied():
            return _("Only students of the course answer here.")
    return explain(error)
