"""The action of the admin that erases chosen people, for superusers."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.actions import erasing
from rooms.admin.scope import is_unbound
from rooms.wire.errors import PermissionDenied

LIMIT = 20
"""The most people who are erased at once, as each takes a while."""


@admin.action(description=_("Erase people for good…"))
def erase(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Ask whether the people are to be erased, and do it."""
    by: Any = request.user
    if not is_unbound(request):
        model_admin.message_user(
            request, gettext("Only superusers can erase people."), messages.ERROR
        )
        return None
    chosen = list(queryset.order_by(people.by_name())[: LIMIT + 1])
    if len(chosen) > LIMIT:
        told = gettext("At most %(limit)s people can be erased at once.") % {"limit": LIMIT}
        model_admin.message_user(request, told, messages.ERROR)
        return None
    if by in chosen:
        told = gettext("You erase yourself on your own page.")
        model_admin.message_user(request, told, messages.ERROR)
        return None
    if "apply" in request.POST:
        _erase(model_admin, request, chosen)
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Erase people for good"),
        "opts": model_admin.model._meta,
        "people": [(people.shown_name(user), people.username(user)) for user in chosen],
        "selected": queryset.values_list("pk", flat=True),
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "rooms/admin/erase.html", context)


def _erase(model_admin: admin.ModelAdmin, request: HttpRequest, chosen: list[Any]) -> None:
    by: Any = request.user
    erased = 0
    for user in chosen:
        try:
            erasing.erase(user=user, by=by)
        except PermissionDenied as error:
            told = f"{people.shown_name(user)}: {error.message}"
            model_admin.message_user(request, told, messages.ERROR)
        else:
            erased += 1
    if erased:
        told = ngettext("%(count)s person was erased.", "%(count)s people were erased.", erased)
        model_admin.message_user(request, told % {"count": erased}, messages.SUCCESS)


def offer() -> None:
    """Add the action to the list of users, if the site has one in this admin."""
    users: Any = admin.site._registry.get(get_user_model())
    if users is not None:
        users.actions = (*(users.actions or ()), erase)
