"""The base of the lists of the admin: a text that people wrote keeps its direction to itself."""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

Column = Callable[[models.Model], Any]


class IsolatedTexts(admin.ModelAdmin):
    """A list that isolates names, titles and texts, so that none turns around its neighbours."""

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self._columns

    @cached_property
    def _columns(self) -> list[Any]:
        # Django compares the columns of several calls.
        return [self._column(name) for name in self.list_display]

    def _column(self, name: Any) -> Any:
        """Return a column that isolates what the named one shows."""
        if name in self.list_editable:
            return name
        field = self._field(name)
        if field is None:
            return _isolated(getattr(self, name, None) or getattr(self.model, name))
        if field.is_relation or (
            isinstance(field, models.CharField | models.TextField) and not field.choices
        ):
            return _isolated(_reader(name, field))
        return name

    def _field(self, name: str) -> models.Field | None:
        try:
            found = self.model._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        # A column may have the name of a relation from another model.
        return found if isinstance(found, models.Field) else None


def _reader(name: str, field: models.Field) -> Column:
    def read(item: models.Model) -> Any:
        return getattr(item, name)

    read.__name__ = name
    return admin.display(description=field.verbose_name, ordering=name)(read)


def _isolated(read: Any) -> Column:
    is_property = isinstance(read, property)

    def column(item: models.Model) -> Any:
        value = read.fget(item) if is_property else read(item)
        if isinstance(value, str | models.Model) and not isinstance(value, SafeString):
            return format_html("<bdi>{}</bdi>", value) if str(value) else value
        return value

    return update_wrapper(column, read.fget if is_property else read)
