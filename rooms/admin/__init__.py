"""The admin: courses, enrolments and questions are edited here, what happened in class is read.

History (messages, rounds, votes, partner groups, class sessions, the use log) can be neither
changed nor deleted, nor can what would take it along, such as a course that was taught.
Enrolments are made and ended by the same actions as elsewhere, so that live sockets learn of it.
"""

# Django finds what these register by importing rooms.admin.
from rooms.admin import classroom, courses, presence, questions, rooms  # noqa: F401
