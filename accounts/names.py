"""The names that people without an account choose for themselves."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.text import has_controls, plain_name, shows

NAME_LIMIT = 60
"""The most characters of a name."""

# Without these, some scripts and emoji cannot be written. Within Latin letters they show nothing.
_JOINERS = frozenset("\u200c\u200d")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_CASED = ("LATIN", "GREEK", "CYRILLIC")


def checked_name(typed: str) -> str:
    """Return the name that somebody typed, on one line.

    Raises ValidationError with a sentence in the language of the page for a name of which nothing
    can be seen, that is too long, or that has invisible characters.
    """
    if has_controls(typed):
        raise ValidationError(
            _("This name has invisible characters that change the direction of text.")
        )
    name = plain_name(typed)
    if not shows(name):
        raise ValidationError(_("Type your name."))
    if len(name) > NAME_LIMIT:
        told = _("This name is too long: %(most)s characters at most.")
        raise ValidationError(told % {"most": NAME_LIMIT})
    for before, character in zip([" ", *name], name, strict=False):
        if character in _JOINERS:
            is_hidden = before.isspace() or unicodedata.name(before, "").startswith(_CASED)
        else:
            is_hidden = unicodedata.category(character) in _UNSEEN or not (
                shows(character) or character == " " or _is_variation(character)
            )
        if is_hidden:
            raise ValidationError(_("This name has invisible characters. Type it anew."))
    return name


def _is_variation(character: str) -> bool:
    """Return whether a character only chooses how the one before it looks, as with emoji."""
    return 0xFE00 <= ord(character) <= 0xFE0F
