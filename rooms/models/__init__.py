"""The tables. Their constraints ensure the invariants, whatever the code above them does."""

from rooms.models.answers import RightAnswer
from rooms.models.arguments import Conviction, ShownArgument
from rooms.models.audit import AuditEntry
from rooms.models.bookmarks import Bookmark
from rooms.models.care import Consent, Deletion, Retention, StandIn
from rooms.models.class_settings import ClassSettings
from rooms.models.course import Course, Enrollment, FormerSlug
from rooms.models.flags import Flag
from rooms.models.guests import Exclusion, Guest, KnownAddress
from rooms.models.joining import JoinCode
from rooms.models.marks import MarkRules
from rooms.models.message import Mention, Message, NewText
from rooms.models.pairing import PairingMember, PairingRule
from rooms.models.partners import FormerGroup, Partner, PartnerGroup
from rooms.models.picture import Picture
from rooms.models.presence import Connection, Worker
from rooms.models.pseudonyms import Pseudonym
from rooms.models.question import Choice, Question, QuestionVersion
from rooms.models.question_file import QuestionFile
from rooms.models.releases import NightPair, Release, Reminder, Seed, ShownReason, Take
from rooms.models.reports import Block, Report
from rooms.models.room import Membership, Room, course_room
from rooms.models.roster import Invitation, RosterEntry
from rooms.models.round import ClassSession, Draft, Round, Vote
from rooms.models.screen import Screen
from rooms.models.tryout import TryOut, TryOutStudent
from rooms.models.uselog import UseLog

__all__ = [
    "AuditEntry",
    "Block",
    "Bookmark",
    "Choice",
    "ClassSession",
    "ClassSettings",
    "Connection",
    "Consent",
    "Conviction",
    "Course",
    "Deletion",
    "Draft",
    "Enrollment",
    "Exclusion",
    "Flag",
    "FormerGroup",
    "FormerSlug",
    "Guest",
    "Invitation",
    "JoinCode",
    "KnownAddress",
    "MarkRules",
    "Membership",
    "Mention",
    "Message",
    "NewText",
    "NightPair",
    "PairingMember",
    "PairingRule",
    "Partner",
    "PartnerGroup",
    "Picture",
    "Pseudonym",
    "Question",
    "QuestionFile",
    "QuestionVersion",
    "Release",
    "Reminder",
    "Report",
    "Retention",
    "RightAnswer",
    "Room",
    "RosterEntry",
    "Round",
    "Screen",
    "Seed",
    "ShownArgument",
    "ShownReason",
    "StandIn",
    "Take",
    "TryOut",
    "TryOutStudent",
    "UseLog",
    "Vote",
    "Worker",
    "course_room",
]
