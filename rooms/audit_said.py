"""Says in words, for the audit, what people did with the data of others."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ACTS: Final[dict[str, Any]] = {
    "admin.add": _("added in the admin"),
    "admin.change": _("changed in the admin"),
    "admin.delete": _("deleted in the admin"),
    "admin.view": _("looked at in the admin"),
    "care.anonymise": _("removed the names"),
    "care.delete_texts": _("deleted messages and reasons"),
    "care.retention": _("changed how long the data is kept"),
    "course.delete": _("deletion of the course"),
    "export.download": _("downloaded the course"),
    "export.results": _("exported all answers"),
    "flags.view": _("read flagged messages"),
    "groups.view": _("looked at partner groups"),
    "marks.export": _("downloaded the marks"),
    "marks.rules": _("changed the rules of the marks"),
    "marks.view": _("looked at marks"),
    "person.erase": _("erased a person"),
    "pseudonyms.view": _("looked at who has which pseudonym"),
    "release.change": _("changed a released question"),
    "release.make": pgettext_lazy("act", "released questions"),
    "report.settle": _("settled a report"),
    "report.view": _("read reports"),
    "results.view": _("read reasons with names"),
    "uselog.download": _("downloaded the use log"),
}
"""The words for each act."""


def said(act: str) -> str:
    """Return the words for an act, which may be of a version with other acts."""
    return str(ACTS.get(act, act))
