"""The page from which those who lead a course download it."""

from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.people import User
from rooms import addresses, permissions, ratelimit
from rooms.actions import exports as actions
from rooms.api.course_zip import CourseZip, as_download
from rooms.models import Course, Enrollment
from rooms.pages.course_forms import explain
from rooms.queries.anonymity import in_research, nameless_sessions
from rooms.wire.errors import PermissionDenied, RateLimited

FORMATS = [("csv", _("CSV, for spreadsheets")), ("jsonl", _("JSON Lines, for programs"))]
CALLED = [("codes", _("codes in place of names")), ("real", _("names and e-mail addresses"))]


class ExportForm(forms.Form):
    """What a download has. Assistants are not offered names."""

    format = forms.ChoiceField(label=_("Files"), choices=FORMATS, widget=forms.RadioSelect)
    names = forms.ChoiceField(label=_("People"), choices=CALLED, widget=forms.RadioSelect)
    research = forms.BooleanField(
        label=_("Only students who consented to research"), required=False
    )

    def __init__(self, *args: Any, with_names: bool, consenting: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["research"].help_text = ngettext(
            "%(number)d student has consented.", "%(number)d students have consented.", consenting
        ) % {"number": consenting}
        if not with_names:
            cast("forms.ChoiceField", self.fields["names"]).choices = CALLED[:1]


@require_safe
@never_cache
@login_required
def exports(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what can be downloaded."""
    enrolment = _leading(request, slug)
    if enrolment.course.slug != slug:
        return redirect("peerchat:exports", enrolment.course.slug)
    form = _form(enrolment, initial={"format": "csv", "names": "codes"})
    return _page(request, enrolment.course, form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def export_download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with the course as a zip, and with the page to who opens the address."""
    enrolment = _leading(request, slug)
    if request.method != "POST":
        return redirect("peerchat:exports", enrolment.course.slug)
    form = _form(enrolment, request.POST)
    if not form.is_valid():
        return _page(request, enrolment.course, form, status=400)
    user = cast("User", request.user)
    try:
        ratelimit.exports.take(user.pk)
    except RateLimited as error:
        form.add_error(None, explain(error))
        return _page(request, enrolment.course, form, status=429)
    chosen = form.cleaned_data
    begun = actions.begin(
        user=user,
        course=enrolment.course.slug,
        names=chosen["names"] == "real",
        research=chosen["research"],
        format_=chosen["format"],
    )
    return as_download(request, CourseZip(begun, chosen["format"]))


def _leading(request: HttpRequest, slug: str) -> Enrollment:
    try:
        return permissions.leading(cast("User", request.user), slug)
    except PermissionDenied:
        raise Http404 from None


def _form(enrolment: Enrollment, *args: Any, **kwargs: Any) -> ExportForm:
    return ExportForm(
        *args,
        with_names=enrolment.role == Enrollment.Role.INSTRUCTOR,
        consenting=len(in_research(enrolment.course)),
        **kwargs,
    )


def _page(
    request: HttpRequest, course: Course, form: ExportForm, status: int = 200
) -> HttpResponse:
    return render(
        request,
        "rooms/exports.html",
        {
            "course": course,
            "form": form,
            "api_url": addresses.api(),
            "nameless": len(nameless_sessions(course)),
        },
        status=status,
    )
