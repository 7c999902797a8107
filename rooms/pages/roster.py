"""The page by which a lecturer brings a class in: a roster, its preview, and the invitations."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import mail, people
from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import roster as actions
from rooms.actions.roster import Invited
from rooms.conf import limits
from rooms.models import Course, Invitation
from rooms.pages.course_forms import explain
from rooms.peer.sheets import decoded
from rooms.process import invitations
from rooms.queries import roster as queries
from rooms.queries.roster import Plan
from rooms.wire.errors import InvalidMessageFormat, PeerError, PermissionDenied, RateLimited

FILE_LIMIT = 500_000
"""The most bytes of a file, and the most characters of a pasted list."""
SHOWN = 300
"""The people without a password, and the links, on one page."""
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class RosterForm(forms.Form):
    """A file or a pasted list. `text` is what either has, and `lines` what it says."""

    file = forms.FileField(required=False, allow_empty_file=True)
    text = forms.CharField(required=False, strip=False, max_length=FILE_LIMIT)
    remove_missing = forms.BooleanField(required=False)

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > FILE_LIMIT:
            raise forms.ValidationError(_("The file is larger than 500 kB."))
        data = file.read()
        if data.startswith(_ARCHIVES):
            raise forms.ValidationError(
                _("This is not a text file. Save it as CSV, or copy the cells and paste them.")
            )
        return decoded(data)

    def read(self, text: str) -> Sequence[Any]:
        """Return the lines of a list. Raises InvalidMessageFormat."""
        return queries.read(text)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        cleaned["text"] = text = cleaned["file"] or cleaned["text"]
        if not text.strip():
            raise forms.ValidationError(
                _("Choose a file, or paste a list with one line per person.")
            )
        try:
            cleaned["lines"] = self.read(text)
        except InvalidMessageFormat as error:
            raise forms.ValidationError(error.message) from None
        return cleaned


def _led(request: HttpRequest, slug: str) -> Course:
    """Return the course, for those who lead it."""
    try:
        return permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def roster(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the roster, preview and import a list, and send invitations."""
    course = _led(request, slug)
    if course.slug != slug and request.method != "POST":
        return redirect("peerchat:roster", course.slug)
    match request.POST.get("do"):
        case "preview":
            return _preview(request, course)
        case "apply":
            return _apply(request, course)
        case "invite" | "again" as which:
            _invite(request, course, again=which == "again")
            return redirect("peerchat:roster", course.slug)
    return _page(request, course, RosterForm())


def _page(
    request: HttpRequest, course: Course, form: RosterForm, plan: Plan | None = None
) -> HttpResponse:
    waiting = queries.waiting(course)
    shown = getattr(form, "cleaned_data", {})
    given = form.data.get("text", "")
    context = {
        "course": course,
        "form": form,
        # The typed text is still there, and that of a file can be mended.
        "text": shown.get("text") or given,
        "plan": plan,
        "waiting": waiting[:SHOWN],
        "waiting_count": len(waiting),
        "due": sum(one.is_due(again=False) for one in waiting),
        "again": sum(one.is_due(again=True) for one in waiting),
        "sending": any(one.state == "sending" for one in waiting),
        "printable": sum(one.enrollment.made_here for one in waiting),
        "mail_is_on": mail.is_on(),
        "lines": limits["ROSTER_LINES"],
    }
    refused = not form.is_valid() if form.is_bound else False
    status = 400 if refused or (plan is not None and not plan.is_possible) else 200
    return render(request, "rooms/roster.html", context, status=status)


def _preview(request: HttpRequest, course: Course) -> HttpResponse:
    form = RosterForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, course, form)
    if not _in_time(request):
        return _page(request, course, form)
    remove = form.cleaned_data["remove_missing"]
    plan = queries.plan(course, form.cleaned_data["lines"], remove_missing=remove)
    return _page(request, course, form, plan)


def _in_time(request: HttpRequest) -> bool:
    """Return whether the user may look at a list now, and tell them if not."""
    try:
        ratelimit.rosters.take(cast("User", request.user).pk)
    except RateLimited as error:
        messages.error(request, explain(error))
        return False
    return True


def _apply(request: HttpRequest, course: Course) -> HttpResponse:
    form = RosterForm(request.POST)
    if not form.is_valid():
        return _page(request, course, form)
    lines = form.cleaned_data["lines"]
    remove = form.cleaned_data["remove_missing"]
    if not _in_time(request):
        return _page(request, course, form)
    try:
        plan = actions.import_roster(course=course, lines=lines, remove_missing=remove)
    except PeerError as error:
        messages.error(request, explain(error))
        return _page(request, course, form)
    if not plan.is_possible:
        return _page(request, course, form, plan)
    new, known = plan.counts["invite"], plan.counts["enrol"]
    done = ngettext("%(count)s person is new here.", "%(count)s people are new here.", new + known)
    messages.success(request, done % {"count": new + known})
    if plan.removed:
        gone = ngettext("%(count)s was removed.", "%(count)s were removed.", len(plan.removed))
        messages.success(request, gone % {"count": len(plan.removed)})
    if request.POST.get("invite") and mail.is_on():
        _invite(request, course, again=False)
    return redirect("peerchat:roster", course.slug)


def _invite(request: HttpRequest, course: Course, *, again: bool) -> None:
    try:
        sent, left = invitations.start(
            course=course,
            sender=cast("User", request.user),
            link=link_to(request),
            again=again,
        )
    except PermissionDenied as error:
        messages.error(request, explain(error))
        return
    if left:
        told = gettext("You have sent many invitations. %(count)s must wait for some minutes.")
        messages.warning(request, told % {"count": left})
    if sent:
        told = ngettext(
            "%(count)s invitation is being sent.", "%(count)s invitations are being sent.", sent
        )
        messages.success(request, told % {"count": sent})


def link_to(request: HttpRequest) -> Callable[[str], str]:
    """Return a function that makes the whole address of an invitation from its secret."""

    def link(secret: str) -> str:
        return request.build_absolute_uri(reverse("peerchat:invitation", args=[secret]))

    return link


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def print_links(request: HttpRequest, slug: str) -> HttpResponse:
    """Make new links to print, with codes for a camera, and show them once."""
    course = _led(request, slug)
    if course.slug != slug and request.method != "POST":
        return redirect("peerchat:roster-print", course.slug)
    users = [one.user.pk for one in queries.waiting(course) if one.enrollment.made_here]
    start = min(_number(request.POST.get("start", "")), max(len(users) - 1, 0))
    context: dict[str, Any] = {"course": course, "count": len(users), "shown": SHOWN}
    if request.method == "POST":
        part = users[start : start + SHOWN]
        try:
            link = link_to(request)
            made = actions.invite(course=course, kind=Invitation.Kind.PRINT, users=part)
        except PermissionDenied as error:
            messages.error(request, explain(error))
            return redirect("peerchat:roster", course.slug)
        context["links"] = [_printed(one, link(one.secret)) for one in made]
        context["expires_at"] = made[0].invitation.expires_at if made else None
        if start + SHOWN < len(users):
            context["next"] = start + SHOWN
    return render(request, "rooms/roster_print.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _printed(invited: Invited, link: str) -> dict[str, Any]:
    svg = partial(segno.make(link, error="m", micro=False).svg_inline, omitsize=True, border=2)
    return {
        "name": people.shown_name(invited.user),
        "username": people.username(invited.user),
        "link": link,
        # Made of numbers and names of colours alone.
        "code": mark_safe(svg(dark="#000", light="#fff", svgclass=None, lineclass=None)),  # noqa: S308
    }
