"""Partner groups for a class that has voted. Pure, no I/O.

`forming` puts a class into groups, `seats` finds a group for those who come later, and `facts` says
what a group is made of. The core is one observation (`dealing`): sort the students by answer and
deal them to the groups like cards. docs/pairing.md explains it for lecturers.
"""

from rooms.peer.pairing.facts import Facts, facts
from rooms.peer.pairing.forming import FIXED, Formed, form, form_groups
from rooms.peer.pairing.seats import reseat, seat
from rooms.peer.pairing.students import (
    LETTERS,
    Group,
    Key,
    Method,
    Move,
    Rules,
    Student,
)

__all__ = [
    "FIXED",
    "LETTERS",
    "Facts",
    "Formed",
    "Group",
    "Key",
    "Method",
    "Move",
    "Rules",
    "Student",
    "facts",
    "form",
    "form_groups",
    "reseat",
    "seat",
]
