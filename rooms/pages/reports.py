"""Reports, for those who lead a course; consents, blocks and reports, for its students."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import User
from rooms import permissions
from rooms.actions import audit, blocks, consents, places
from rooms.actions import reports as actions
from rooms.models import Consent, Enrollment, Message, Report
from rooms.models.reports import REPORT_LIMIT
from rooms.pages.course_forms import explain
from rooms.queries import reports as queries
from rooms.queries.tryouts import in_course
from rooms.wire.errors import (
    InvalidMessageFormat,
    NoSuchMessage,
    PeerError,
    PermissionDenied,
)

REPORTS = 30
"""The reports on one page."""
page_methods = require_http_methods(["GET", "HEAD", "POST"])


@page_methods
@never_cache
@login_required
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the reports of a course to those who lead it, who note what they have seen to."""
    user = cast("User", request.user)
    try:
        course = permissions.leading(user, slug).course
        if request.method == "POST":
            number = request.POST.get("report", "")
            if not (number.isascii() and number.isdecimal() and len(number) < 18):
                raise Http404
            actions.settle(user=user, course=slug, report=int(number))
            messages.success(request, _("The report is settled."), fail_silently=True)
            return redirect("peerchat:reports", course.slug)
    except PermissionDenied:
        raise Http404 from None
    if course.slug != slug:
        return redirect("peerchat:reports", course.slug)
    settled = request.GET.get("show") == "settled"
    found = queries.reports_for(user, course, settled=settled)
    page = Paginator(found, REPORTS).get_page(request.GET.get("page"))
    told = queries.shown(course, list(page.object_list))
    if told:
        audit.record(actor=user, act="report.view", course=course)
    shown = {"course": course, "page": page, "reports": told, "settled": settled}
    return render(request, "rooms/reports.html", shown)


class ReportForm(forms.Form):
    """Whom a student reports or blocks, and why."""

    person = forms.ChoiceField(label=gettext_lazy("Person"), required=False)
    other = forms.CharField(
        label=gettext_lazy("Or the username or pseudonym of somebody else"),
        required=False,
        max_length=254,
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("What it is about"), choices=Report.Reason.choices, required=False
    )
    text = forms.CharField(
        label=gettext_lazy("What happened"),
        required=False,
        max_length=REPORT_LIMIT,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def __init__(self, *args: Any, user: User, place: Enrollment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        met = queries.fellows(user, place.course)
        field = cast("forms.ChoiceField", self.fields["person"])
        field.choices = [("", "---"), *((name, told) for name, told in met)]
        self.fields["other"].widget.attrs |= {"autocomplete": "off", "dir": "auto"}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if not (cleaned.get("person") or cleaned.get("other")) and not self.data.get("message"):
            self.add_error("person", _("Choose a person."))
        return cleaned


@page_methods
@never_cache
@login_required
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a student what they consented to in a course, and whom they blocked; and change it."""
    user = cast("User", request.user)
    try:
        place = permissions.enrolled(user, slug)
    except PermissionDenied:
        raise Http404 from None
    if in_course(place.course) is not None:
        raise Http404
    if request.method != "POST" and place.course.slug != slug:
        return redirect("peerchat:consents", place.course.slug)
    desk = _Desk(request, user, place)
    if request.method == "POST" and desk.take(request.POST.get("do", "")):
        return redirect("peerchat:consents", place.course.slug)
    status = 400 if request.method == "POST" else 200
    return render(request, "rooms/consents.html", desk.context(), status=status)


class _Desk:
    """The page of a student on one request."""

    def __init__(self, request: HttpRequest, user: User, place: Enrollment) -> None:
        self._request, self._user, self._place = request, user, place
        self._slug = place.course.slug
        self._form = ReportForm(user=user, place=place)
        self._error = ""

    def context(self) -> dict[str, Any]:
        place = self._place
        place.refresh_from_db()
        records = Consent.objects.filter(course=place.course, user=self._user)
        return {
            "course": place.course,
            "mine": place,
            "is_student": place.role == Enrollment.Role.STUDENT,
            "records": records.order_by("-given_at")[:50],
            "blocks": queries.blocks_of(self._user, place.course),
            "form": self._form,
            "message": self._message(),
            "error": self._error,
        }

    def _message(self) -> Message | None:
        """Return the message that the page was opened for, from the chat."""
        request = self._request
        given = request.POST if request.method == "POST" else request.GET
        try:
            pk = _uuid(given.get("message", ""))
            return None if pk is None else queries.message_meant(self._user, self._place.course, pk)
        except NoSuchMessage:
            return None

    def take(self, do: str) -> bool:
        deeds: dict[str, Callable[[], bool]] = {
            "reasons": self._reasons,
            "research": self._research,
            "report": self._report,
            "block": self._block,
            "unblock": self._unblock,
        }
        try:
            if do in deeds:
                return deeds[do]()
            self._error = _("This did not work. Reload the page and try again.")
        except (NoSuchMessage, InvalidMessageFormat):
            self._form.add_error("other", _("Nobody else in this course has this name."))
        except PeerError as error:
            self._error = explain(error)
        return False

    def _reasons(self) -> bool:
        given = self._request.POST.get("given") == "yes"
        places.share(user=self._user, course=self._slug, shared=given)
        return self._said(_("Saved."))

    def _research(self) -> bool:
        given = self._request.POST.get("given") == "yes"
        consents.research(user=self._user, course=self._slug, given=given)
        return self._said(_("Saved."))

    def _person(self) -> str | None:
        self._form = ReportForm(self._request.POST, user=self._user, place=self._place)
        if not self._form.is_valid():
            return None
        return str(self._form.cleaned_data["person"] or self._form.cleaned_data["other"])

    def _report(self) -> bool:
        name = self._person()
        if name is None:
            return False
        given = self._form.cleaned_data
        actions.report(
            user=self._user,
            course=self._slug,
            about=name,
            message=_uuid(self._request.POST.get("message", "")),
            reason=given["reason"] or Report.Reason.OTHER,
            text=given["text"],
        )
        return self._said(_("Those who lead the course can read your report now."))

    def _block(self) -> bool:
        name = self._person()
        if name is None:
            return False
        message = _uuid(self._request.POST.get("message", ""))
        blocks.block(user=self._user, course=self._slug, username=name, message=message)
        return self._said(_("You will not be partners any more. Nobody is told."))

    def _unblock(self) -> bool:
        number = self._request.POST.get("block", "")
        if number.isascii() and number.isdecimal() and len(number) < 18:
            blocks.unblock(user=self._user, course=self._slug, block=int(number))
        return self._said(_("The block has ended."))

    def _said(self, told: str) -> bool:
        messages.success(self._request, told)
        return True


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NoSuchMessage from None
