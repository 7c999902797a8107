"""The action of the admin that enrols chosen users, or those of chosen enrolments, in a course."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.actions.roster import enrol_users
from rooms.admin.scope import scoped
from rooms.models import Course, Enrollment
from rooms.wire.errors import PeerError

LIMIT = 2_000
"""The most users that are enrolled at once."""


class CourseChoice(forms.Form):
    course = forms.ModelChoiceField(Course.objects.none(), label=_("Course"))

    def __init__(self, *args: Any, courses: QuerySet[Course], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["course"]
        field.queryset = courses


@admin.action(description=_("Enrol in ..."))
def enrol_in(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Ask for a course, and enrol the users in it as students."""
    if not request.user.has_perm("peerchat_rooms.add_enrollment"):
        model_admin.message_user(
            request, gettext("You may not enrol anybody in a course."), messages.ERROR
        )
        return None
    if issubclass(queryset.model, Enrollment):
        users = people.everybody().filter(pk__in=queryset.order_by().values("user"))
    else:
        users = people.everybody().filter(pk__in=queryset.order_by().values("pk"))
    chosen = list(users.filter(people.active()).order_by(people.by_name())[: LIMIT + 1])
    if len(chosen) > LIMIT:
        told = gettext("At most %(limit)s people can be enrolled at once.") % {"limit": LIMIT}
        model_admin.message_user(request, told, messages.ERROR)
        return None
    courses = scoped(request, Course.objects.filter(archived_at=None))
    form = CourseChoice(request.POST if "apply" in request.POST else None, courses=courses)
    if form.is_valid():
        course = form.cleaned_data["course"]
        try:
            new = enrol_users(course=course, users=chosen)
        except PeerError as error:
            model_admin.message_user(request, error.message, messages.ERROR)
            return None
        told = ngettext(
            "%(count)s person was enrolled in %(course)s.",
            "%(count)s people were enrolled in %(course)s.",
            new,
        )
        told %= {"count": new, "course": course}
        model_admin.message_user(request, told, messages.SUCCESS)
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Enrol in a course"),
        "opts": model_admin.model._meta,
        "form": form,
        "people": [people.shown_name(user) for user in chosen],
        "selected": queryset.values_list("pk", flat=True),
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "rooms/admin/enrol_in.html", context)


def offer() -> None:
    """Add the action to the list of users, if the site has one in this admin."""
    users: Any = admin.site._registry.get(get_user_model())
    if users is not None:
        users.actions = (*(users.actions or ()), enrol_in)
