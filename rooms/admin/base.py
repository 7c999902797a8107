"""Base classes of the lists of the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.forms import write_anything
from accounts.lists import IsolatedTexts
from accounts.text import balanced, plain_name, shows, trimmed
from rooms.admin.scope import Scoped
from rooms.admin.watching import Watched


def changelist(model: type[Model], text: str, **filters: Any) -> str:
    """Return a link to the list of `model` with these filters."""
    meta = model._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode(filters), text)


class PicksUsers(admin.options.BaseModelAdmin):
    """A form with a user, found by typing if the site has its users in this admin."""

    raw_id_fields = ("user",)

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        fields = super().get_autocomplete_fields(request)
        users = self.admin_site._registry.get(get_user_model())
        return ("user", *fields) if users is not None and users.search_fields else fields


class Editable(Watched, Scoped, IsolatedTexts):
    """A list whose objects can be changed."""


class ReadOnly(Scoped):
    """Objects that holders of the view permission can read, and that nobody can change."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class History(Watched, ReadOnly, IsolatedTexts):
    """A list that only grows, and fast. So its length is not counted for each page."""

    show_full_result_count = False


class WrittenForm(forms.ModelForm):
    """A form for objects that people name or describe in words."""

    names: ClassVar[tuple[str, ...]] = ()
    """Fields of one line."""
    texts: ClassVar[tuple[str, ...]] = ()
    """Fields whose lines and spaces are kept, apart from blank lines around them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & {*self.names, *self.texts}:
            field = self.fields[name]
            write_anything(field)
            if isinstance(field, forms.CharField):
                field.strip = name in self.names

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in (*self.names, *self.texts):
            given = self.cleaned_data.get(name)
            if not given:
                continue
            text = plain_name(given) if name in self.names else balanced(trimmed(given))
            self.cleaned_data[name] = text
            if not shows(text):
                self.add_error(name, _("Nothing of this text can be seen."))
        return cleaned


def shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
