"""Users, tokens and failed log-ins in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import people, tokens
from accounts.forms import write_anything
from accounts.lists import IsolatedTexts
from accounts.models import FailedLogin, Token, User


class UserAdmin(IsolatedTexts, DjangoUserAdmin):
    list_display = ("username", "shown_name", "email", "is_staff", "is_active", "last_login")
    search_fields = ("username", "display_name", "first_name", "last_name", "email")
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (_("Display"), {"fields": ("display_name",)}),
    )
    add_fieldsets = (
        *DjangoUserAdmin.add_fieldsets,
        (_("Display"), {"fields": ("display_name",)}),
    )

    @admin.display(description=_("shown name"))
    def shown_name(self, user: User) -> str:
        return user.shown_name

    def formfield_for_dbfield(
        self, db_field: Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("username", "display_name", "first_name", "last_name"):
            write_anything(field)
        return field


# A site with users of its own has them in its own admin.
if not User._meta.swapped:
    admin.site.register(User, UserAdmin)


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("valid", gettext("valid")),
            ("expired", gettext("expired")),
            ("revoked", gettext("revoked")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Token]) -> QuerySet[Token]:
        expired = queryset.filter(revoked_at=None, expires_at__lte=timezone.now())
        match self.value():
            case "revoked":
                return queryset.exclude(revoked_at=None)
            case "expired":
                return expired
            case "valid":
                return queryset.filter(revoked_at=None).exclude(pk__in=expired.values("pk"))
        return queryset


@admin.register(Token)
class TokenAdmin(IsolatedTexts):
    """Shows tokens and revokes them. It cannot add tokens, as only `issue` knows their text."""

    list_display = ("user", "name", "state", "created_at", "expires_at", "last_used_at")
    list_filter = (StateFilter, "created_at")
    list_select_related = ("user",)
    search_fields = (*people.search_fields("user__"), "name")
    fields = (
        "user",
        "name",
        "state",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    date_hierarchy = "created_at"
    actions = ("revoke",)

    @admin.display(description=_("state"))
    def state(self, token: Token) -> str:
        if token.revoked_at is not None:
            return gettext("revoked")
        if token.expires_at is not None and token.expires_at <= timezone.now():
            return gettext("expired")
        return gettext("valid")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("peerchat_accounts.change_token")

    @admin.action(description=_("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        unrevoked = list(queryset.filter(revoked_at=None))
        for token in unrevoked:
            tokens.revoke(token)
            self.log_change(request, token, "Revoked.")
        told = gettext("Revoked: %(count)s.") % {"count": len(unrevoked)}
        self.message_user(request, told, messages.SUCCESS)


@admin.register(FailedLogin)
class FailedLoginAdmin(IsolatedTexts):
    """Shows failed log-ins and deletes chosen ones, which unlocks the username there."""

    list_display = ("username", "address", "device", "times", "last_at")
    search_fields = ("username", "address")
    date_hierarchy = "last_at"
    ordering = ("-last_at",)
    actions = ("forget",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FailedLogin | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FailedLogin | None = None) -> bool:
        return False

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("peerchat_accounts.delete_failedlogin")

    @admin.action(description=_("Forget the selected failures"), permissions=["forget"])
    def forget(self, request: HttpRequest, queryset: QuerySet[FailedLogin]) -> None:
        self.log_deletions(request, queryset)
        forgotten, _ = queryset.delete()
        told = gettext("Forgotten: %(count)s.") % {"count": forgotten}
        self.message_user(request, told, messages.SUCCESS)
