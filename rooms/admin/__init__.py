"""The admin, in which courses, enrolments and questions are edited and the history is read.

The history (messages, rounds, votes, partner groups, class sessions, the use log) can be neither
changed nor deleted. Nor can objects whose deletion would delete history, such as a course that was
taught. The admin adds and ends enrolments by the same actions as the rest of the code, so open
sockets learn of it.
"""

# Django imports rooms.admin, and these modules register their classes.
from rooms.admin import (  # noqa: F401
    arguments,
    care,
    class_settings,
    classroom,
    courses,
    enrolling,
    erasing,
    joining,
    pictures,
    presence,
    questions,
    releases,
    rooms,
    rosters,
    screen,
    watching,
)

enrolling.offer()
erasing.offer()
watching.begin()
