"""The page of a course on its data: archive, retention, deletion; and its audit."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.people import User
from rooms import audit_said, permissions
from rooms.actions import course_deletion, retention
from rooms.actions.course_settings import archive_course, restore_course
from rooms.conf import limits
from rooms.models import Enrollment, Retention
from rooms.models.care import MOST_DAYS
from rooms.pages.course_forms import explain
from rooms.queries import care as queries
from rooms.queries import reports
from rooms.queries.tryouts import in_course
from rooms.wire.errors import InvalidMessageFormat, PeerError, PermissionDenied

ENTRIES = 50
"""The entries of the audit on one page."""


class RetentionForm(forms.Form):
    """When the term ends, for how many days its data is kept, and what becomes of it then."""

    ends_on = forms.DateField(
        label=gettext_lazy("The term ends on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    keep_days = forms.IntegerField(
        label=gettext_lazy("Days for which the data is kept after that"),
        min_value=0,
        max_value=MOST_DAYS,
    )
    afterwards = forms.ChoiceField(
        label=gettext_lazy("What happens then"),
        choices=[
            (
                Retention.Afterwards.ANONYMISE.value,
                gettext_lazy("Names go; votes, messages and reasons stay"),
            ),
            (
                Retention.Afterwards.DELETE.value,
                gettext_lazy("Names, messages and reasons go; votes stay"),
            ),
        ],
    )


class DeletionForm(forms.Form):
    """The title of the course, which confirms its deletion."""

    title = forms.CharField(label=gettext_lazy("Title of the course"), max_length=400)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].widget.attrs |= {"autocomplete": "off", "dir": "auto"}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def care(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how the data of a course is kept to those who lead it. Its instructors change it."""
    user = cast("User", request.user)
    place = _place(user, slug)
    if request.method == "POST" and place.role != Enrollment.Role.INSTRUCTOR:
        raise Http404
    if request.method != "POST" and place.course.slug != slug:
        return redirect("peerchat:care", place.course.slug)
    desk = _Desk(request, user, place)
    if request.method == "POST" and desk.take(request.POST.get("do", "")):
        return redirect("peerchat:care", place.course.slug)
    status = 400 if request.method == "POST" else 200
    return render(request, "rooms/care.html", desk.context(), status=status)


@require_safe
@never_cache
@login_required
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what was looked at and changed in a course to its instructors."""
    place = _place(cast("User", request.user), slug)
    if place.role != Enrollment.Role.INSTRUCTOR:
        raise Http404
    page = Paginator(queries.audit_of(place.course), ENTRIES).get_page(request.GET.get("page"))
    entries = [(entry, audit_said.said(entry.act)) for entry in page.object_list]
    shown = {"course": place.course, "page": page, "entries": entries}
    return render(request, "rooms/audit.html", shown)


def _place(user: User, slug: str) -> Enrollment:
    try:
        return permissions.leading(user, slug)
    except PermissionDenied:
        raise Http404 from None


class _Desk:
    """The page on one request: its forms, and what they do."""

    def __init__(self, request: HttpRequest, user: User, place: Enrollment) -> None:
        self._request, self._user, self._place = request, user, place
        self._slug = place.course.slug
        kept = queries.retention_of(place.course)
        initial = {"keep_days": 365, "afterwards": Retention.Afterwards.ANONYMISE.value}
        if kept is not None:
            initial = {
                "ends_on": kept.ends_on,
                "keep_days": kept.keep_days,
                "afterwards": kept.afterwards,
            }
        self._retention = RetentionForm(initial=initial, prefix="keep")
        self._deletion = DeletionForm(prefix="delete")
        self._error = ""

    def context(self) -> dict[str, Any]:
        course = self._place.course
        course.refresh_from_db()
        kept = queries.retention_of(course)
        return {
            "course": course,
            "is_instructor": self._place.role == Enrollment.Role.INSTRUCTOR,
            "is_try_out": in_course(course) is not None,
            "retention": kept,
            "due_on": None if kept is None else retention.due_on(kept),
            "deletion": queries.deletion_of(course),
            "days": int(limits["COURSE_DELETION_DAYS"]),
            "reports": reports.reports_for(self._user, course).count(),
            "forms": {"retention": self._retention, "deletion": self._deletion},
            "error": self._error,
        }

    def take(self, do: str) -> bool:
        """Carry out what a form asks for. Return whether it is done."""
        deeds: dict[str, Callable[[], bool]] = {
            "archive": self._archive,
            "restore": self._restore,
            "retain": self._retain,
            "keep": self._keep,
            "delete": self._delete,
            "call_off": self._call_off,
        }
        if do not in deeds:
            self._error = _("This did not work. Reload the page and try again.")
            return False
        try:
            return deeds[do]()
        except PeerError as error:
            self._error = explain(error)
            return False

    def _archive(self) -> bool:
        archive_course(user=self._user, course=self._slug)
        return self._said(_("The course is archived."))

    def _restore(self) -> bool:
        restore_course(user=self._user, course=self._slug)
        return self._said(_("The course is in use again."))

    def _retain(self) -> bool:
        self._retention = form = RetentionForm(self._request.POST, prefix="keep")
        if not form.is_valid():
            return False
        try:
            retention.keep_until(user=self._user, course=self._slug, **form.cleaned_data)
        except InvalidMessageFormat:
            # The fields have said all else.
            form.add_error("ends_on", _("This day is too far away."))
            return False
        return self._said(_("Saved."))

    def _keep(self) -> bool:
        retention.keep(user=self._user, course=self._slug)
        return self._said(_("The data is kept until somebody deletes it."))

    def _delete(self) -> bool:
        self._deletion = form = DeletionForm(self._request.POST, prefix="delete")
        if not form.is_valid():
            return False
        try:
            course_deletion.ask(
                user=self._user, course=self._slug, title=form.cleaned_data["title"]
            )
        except InvalidMessageFormat:
            form.add_error("title", _("This is not the title of the course."))
            return False
        return self._said(_("The course will be deleted. Until then you can call it off."))

    def _call_off(self) -> bool:
        course_deletion.call_off(user=self._user, course=self._slug)
        return self._said(_("The course will not be deleted."))

    def _said(self, told: str) -> bool:
        messages.success(self._request, told)
        return True
