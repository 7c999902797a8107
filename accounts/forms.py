"""Form fields for texts that people write in any script."""

from django import forms


def write_anything(field: forms.Field | None) -> None:
    """Let a field follow the direction of its text, and count its characters on the server alone.

    Browsers count an emoji as two.
    """
    if isinstance(field, forms.CharField):
        field.widget.attrs.pop("maxlength", None)
        field.widget.attrs["dir"] = "auto"
