"""Form fields for texts that people write in any script, and for the usernames they choose."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def write_anything(field: forms.Field | None) -> None:
    """Let a field follow the direction of its text, and count its characters on the server alone.

    Browsers count an emoji as two.
    """
    if isinstance(field, forms.CharField):
        field.widget.attrs.pop("maxlength", None)
        field.widget.attrs["dir"] = "auto"


def refuse_address(username: str) -> None:
    """Raise ValidationError for a chosen username that could be somebody's e-mail address.

    Lecturers name people by their addresses, and would let the wrong person in.
    """
    if "@" in username:
        raise ValidationError(_("Choose a username without “@”."))


def focus_wrong(form: forms.BaseForm) -> None:
    """Let the page begin at the first field that was refused, if there is one."""
    for name in form.fields:
        if name in form.errors:
            form.fields[name].widget.attrs["autofocus"] = True
            return
