"""The makes of groups whose yields are counted, in words."""

from django.utils.translation import gettext, gettext_lazy, ngettext

from rooms.models.partners import METHODS
from rooms.peer.yields import LARGEST, By

HEADINGS = {
    By.ANSWERS: gettext_lazy("What the members had answered"),
    By.RIGHT: gettext_lazy("How many of them were right"),
    By.CONFIDENCE: gettext_lazy("How sure they were, where answers differed"),
    By.PLACE: gettext_lazy("Where they were"),
    By.SIZE: gettext_lazy("How many they were"),
    By.METHOD: gettext_lazy("How the groups were formed"),
    By.EXPERIMENT: gettext_lazy("Methods that were dealt at random within a class"),
}
_MAKES = {
    (By.ANSWERS, "different"): gettext_lazy("different answers"),
    (By.ANSWERS, "same"): gettext_lazy("same answer"),
    (By.ANSWERS, "one"): gettext_lazy("one vote or none"),
    (By.RIGHT, "some"): gettext_lazy("some right, some wrong"),
    (By.RIGHT, "all"): gettext_lazy("all right"),
    (By.RIGHT, "nobody"): gettext_lazy("nobody right"),
    (By.CONFIDENCE, "contrast"): gettext_lazy("a sure one with an unsure one"),
    (By.CONFIDENCE, "alike"): gettext_lazy("all about equally sure"),
    (By.CONFIDENCE, "unknown"): gettext_lazy("not known"),
    (By.PLACE, "hall"): gettext_lazy("in the hall"),
    (By.PLACE, "elsewhere"): gettext_lazy("elsewhere"),
    (By.PLACE, "both"): gettext_lazy("in the hall and elsewhere"),
}


def make(by: By, name: str) -> str:
    """Return the words for a make of groups."""
    if by == By.SIZE:
        if int(name) >= LARGEST:
            return gettext("%(number)s or more students") % {"number": name}
        return ngettext("%(number)s student", "%(number)s students", int(name)) % {"number": name}
    if by in (By.METHOD, By.EXPERIMENT):
        return str(dict(METHODS).get(name, name))
    return str(_MAKES[by, name])
