"""Titles and slugs that a course may have, and a slug for a title."""

# ruff: noqa: RUF001 - the table has letters of other scripts on purpose

import re
import unicodedata

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.people import User
from accounts.text import plain_name, shows
from rooms.models import Course, Enrollment, FormerSlug

Problem = str | Promise | None
"""A sentence for the person who chose the name, or None if it is possible."""

TITLE_LIMIT = 200
SLUG_LIMIT = 60
RESERVED = frozenset(("new",))
"""The slugs whose addresses are those of other pages."""
_PLACEHOLDER = "course"


def _table(pairs: str) -> dict[int, str]:
    """Return the table that writes the first of each two words as the second."""
    words = pairs.split()
    return str.maketrans(dict(zip(words[::2], words[1::2], strict=True)))


# Letters that Unicode does not decompose into one of ASCII and its marks.
_ASCII = _table(
    """
    ß ss æ ae œ oe ø o đ d ð d ł l þ th ı i ħ h ŋ n
    α a β b γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y
    φ f χ ch ψ ps ω o
    а a б b в v г g ґ g д d е e ж zh з z и i і i к k л l м m н n о o п p р r с s т t у u
    ф f х kh ц ts ч ch ш sh щ shch ы y э e ю yu я ya є ye ђ dj ј j љ lj њ nj ћ c џ dz
    """
) | str.maketrans("", "", "ьъ")


def clean_title(title: str) -> str:
    """Return a title on one line, without what reorders the text around it."""
    return plain_name(title)


def title_problem(title: str) -> Problem:
    """Return why a course cannot have this title."""
    if "\0" in title or not shows(title):
        return _("A course needs a title that can be seen.")
    if len(title) > TITLE_LIMIT:
        return _("The title has more than 200 characters.")
    return None


def slug_problem(slug: str, *, user: User, course: Course | None = None) -> Problem:
    """Return why the user cannot give this slug to a course, which is a new one by default.

    A slug that another course had before still leads to that, so only those who lead it may give it
    to another.
    """
    if not re.fullmatch(r"[-a-zA-Z0-9_]+", slug):
        return _("An address has only the letters a to z, digits, hyphens and underscores.")
    if len(slug) > SLUG_LIMIT:
        return _("The address has more than 60 characters.")
    if slug in RESERVED:
        return _("This address is that of another page. Choose another one.")
    own = 0 if course is None else course.pk
    if Course.objects.filter(slug=slug).exclude(pk=own).exists():
        return _("Another course has this address. Choose another one.")
    led = Enrollment.objects.filter(user=user, role__in=Enrollment.LEADING).values("course")
    former = FormerSlug.objects.filter(slug=slug).exclude(course=own)
    if former.exclude(course__in=led).exists():
        return _("Another course had this address before. Choose another one.")
    return None


def proposed_slug(title: str) -> str:
    """Return a slug for a title in any script, which no course has or had before.

    Letters of Latin, Greek and Cyrillic scripts are written in ASCII. Of a title in another script
    only its digits remain, or the word "course".
    """
    base = in_ascii(title) or _PLACEHOLDER
    taken = _slugs_like(base)
    if base not in taken and base not in RESERVED:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def _slugs_like(base: str) -> set[str]:
    like = Q(slug=base) | Q(slug__startswith=f"{base}-")
    found: list[QuerySet[Course] | QuerySet[FormerSlug]] = [
        Course.objects.filter(like),
        FormerSlug.objects.filter(like),
    ]
    return {slug for some in found for slug in some.values_list("slug", flat=True)}


def in_ascii(title: str) -> str:
    """Return the words of a title as a slug, with room for a number; empty for other scripts."""
    decomposed = unicodedata.normalize("NFKD", title.casefold())
    letters = "".join(one for one in decomposed if not unicodedata.combining(one))
    words = re.findall(r"[a-z0-9]+", letters.translate(_ASCII))
    return "-".join(words)[: SLUG_LIMIT - 6].strip("-")
