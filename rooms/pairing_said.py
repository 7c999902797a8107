"""How a partner group was formed and what it is made of, in words for those who lead the class."""

from typing import Protocol

from django.utils.translation import gettext, ngettext

SURE_AND_UNSURE = 2
"""The difference of confidence, from 1 to 5, from which on it is worth a word."""


class Described(Protocol):
    """Holds the facts of a group: the fields of a `PartnerGroup`, null where they are unknown."""

    method: str
    size: int | None
    voters: int | None
    is_mixed: bool | None
    right: int | None
    confidence_gap: int | None
    repeats: int | None
    place: str


def sentence(group: Described, *, broken: int = 0) -> str:
    """Return why a group is as it is, like "different answers, one right".

    `broken` is the number of its pairs that a rule of the course keeps apart. It is empty for
    groups of versions that did not note why.
    """
    said = parts(group)
    if broken:
        said.append(gettext("against a rule: two who are never together"))
    return gettext(", ").join(said)


def parts(group: Described) -> list[str]:
    """Return the words of `sentence`, the most important first."""
    if group.voters is None:
        return []
    said = []
    if group.method == "fixed":
        said.append(gettext("fixed group"))
    elif group.method == "by_hand":
        said.append(gettext("put together by hand"))
    said += _answers(group, group.voters)
    if group.is_mixed and (group.confidence_gap or 0) >= SURE_AND_UNSURE:
        said.append(gettext("one sure, one unsure"))
    if group.repeats:
        said.append(gettext("partners before"))
    if group.place == "both":
        said.append(gettext("in the hall and elsewhere"))
    return said


def _answers(group: Described, voters: int) -> list[str]:
    """Return what the members answered, and how many were right."""
    if voters == 0:
        return [gettext("no votes")]
    if voters == 1:
        said = [gettext("one vote only")]
    elif group.is_mixed:
        said = [gettext("different answers")]
    else:
        said = [gettext("same answer")]
    if group.right is None:
        return said
    if group.right == 0:
        return [*said, gettext("nobody right")]
    if group.right < voters:
        right = ngettext("one right", "%(number)s right", group.right) % {"number": group.right}
        return [*said, right]
    return [*said, gettext("right") if voters == 1 else gettext("all right")]
