"""The page of the questions of a course, for those who lead it."""

from collections.abc import Callable
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import User
from rooms import addresses, permissions
from rooms.actions import question_edits as edits
from rooms.actions import quick
from rooms.models import Course
from rooms.peer.content import TAG_LIMIT, QuestionContent
from rooms.queries.courses import course_membership
from rooms.queries.question_list import name_of, searched, tags_of, targets
from rooms.wire import errors

ON_A_PAGE = 200
LONGEST_SEARCH = 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def questions(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the questions of a course to those who lead it; a POST changes them."""
    user = cast("User", request.user)
    try:
        course = permissions.leading(user, slug).course
    except errors.PermissionDenied:
        raise Http404 from None
    if request.method == "POST":
        return _List(request, user, course).take()
    if course.slug != slug:
        return redirect("peerchat:questions", course.slug)
    return _List(request, user, course).show()


class _List:
    """The list on one request: what it shows, and what its form does."""

    def __init__(self, request: HttpRequest, user: User, course: Course) -> None:
        self._request, self._user, self._course = request, user, course
        self._text = _given(request, "q", LONGEST_SEARCH)
        self._tag = _given(request, "tag", TAG_LIMIT)

    def show(self, *, alert: str = "", status: int = 200) -> HttpResponse:
        course = self._course
        pages = Paginator(searched(course, self._text, self._tag), ON_A_PAGE)
        page = pages.get_page(self._request.GET.get("page"))
        for question in page.object_list:
            question.name = name_of(question)
            question.original = question.twin_of and name_of(question.twin_of)
        context = {
            "course": course,
            "room": course_membership(self._user, course).room_id,
            "page": page,
            "text": self._text,
            "tag": self._tag,
            "tags": tags_of(course),
            "targets": targets(self._user, course),
            "narrowed": self._query(page=False),
            "query": self._query(),
            "alert": alert,
            "login_url": addresses.login(),
            **addresses.for_page(),
        }
        return render(self._request, "rooms/questions.html", context, status=status)

    def take(self) -> HttpResponse:
        """Carry out what a button of the form says, or show why that is not possible."""
        post = self._request.POST
        do = next((name for name in _DEEDS if name in post), None)
        if do is None:
            raise Http404
        if any("\0" in value for values in post.lists() for value in values[1]):
            raise Http404
        try:
            return _DEEDS[do](self, post[do])
        except errors.PeerError as refusal:
            if type(refusal) is errors.PermissionDenied:
                raise Http404 from None
            return self.show(alert=explain(refusal), status=400)

    def _new(self, _value: str) -> HttpResponse:
        made = edits.create_question(
            user=self._user, course=self._course.slug, content=QuestionContent(), is_draft=True
        )
        return redirect("peerchat:question", self._course.slug, made.slug)

    def _duplicate(self, slug: str) -> HttpResponse:
        made = edits.duplicate_question(user=self._user, course=self._course.slug, question=slug)
        return redirect("peerchat:question", self._course.slug, made.slug)

    def _keep(self, slug: str) -> HttpResponse:
        quick.keep_question(user=self._user, course=self._course.slug, question=slug)
        return self._done(_("It is one of the prepared questions now."), slug)

    def _up(self, slug: str) -> HttpResponse:
        return self._move(slug, -1)

    def _down(self, slug: str) -> HttpResponse:
        return self._move(slug, 1)

    def _move(self, slug: str, by: int) -> HttpResponse:
        found = searched(self._course, self._text, self._tag).filter(quick=False)
        slugs = list(found.values_list("slug", flat=True))
        here = slugs.index(slug) if slug in slugs else -1
        if here >= 0 and 0 <= here + by < len(slugs):
            pair = [slugs[here + by], slug][::by]
            edits.order_questions(user=self._user, course=self._course.slug, questions=pair)
        return self._done("", slug)

    def _delete(self, slug: str) -> HttpResponse:
        edits.delete_question(user=self._user, course=self._course.slug, question=slug)
        return self._done(_("The question is deleted."))

    def _copy(self, _value: str) -> HttpResponse:
        post = self._request.POST
        target, chosen = post.get("target", ""), post.getlist("question")
        if not chosen:
            return self.show(alert=_("Choose the questions to copy."), status=400)
        copies = edits.copy_questions(
            user=self._user, source=self._course.slug, questions=chosen, target=target
        )
        told = ngettext(
            "%(count)s question is copied to %(course)s.",
            "%(count)s questions are copied to %(course)s.",
            len(copies),
        )
        return self._done(told % {"count": len(copies), "course": copies[0].course.title})

    def _done(self, told: str, slug: str = "") -> HttpResponse:
        if told:
            # A site around peerchat may do without these messages.
            messages.success(self._request, told, fail_silently=True)
        address = reverse("peerchat:questions", args=[self._course.slug])
        query = f"?{self._query()}" if self._query() else ""
        return redirect(f"{address}{query}{f'#question-{slug}' if slug else ''}")

    def _query(self, *, page: bool = True) -> str:
        kept = {"q": self._text, "tag": self._tag}
        if page:
            kept["page"] = self._request.GET.get("page", "")
        return urlencode({name: value for name, value in kept.items() if value})


_DEEDS: dict[str, Callable[[_List, str], HttpResponse]] = {
    "new": _List._new,
    "duplicate": _List._duplicate,
    "keep": _List._keep,
    "up": _List._up,
    "down": _List._down,
    "delete": _List._delete,
    "copy": _List._copy,
}


def explain(refusal: errors.PeerError) -> str:
    """Return why something was refused, in a sentence for the user."""
    match refusal:
        case errors.CourseArchived():
            return _("A course that is archived can only be read.")
        case errors.QuestionWasAsked():
            return _(
                "A class was asked this question, or it was released, and its answers belong to "
                "it, so it stays. Make it a draft to put it aside."
            )
        case errors.TooManyQuestions():
            most = edits.MOST_QUESTIONS
            return _("A course has %(most)s questions at most.") % {"most": most}
    return _("The questions have changed meanwhile. Look again, and repeat it.")


def _given(request: HttpRequest, name: str, limit: int) -> str:
    return request.GET.get(name, "").replace("\0", "")[:limit]
