"""What is stored, told from the models: each table with its fields and whose names it has."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rooms.queries.stored_fields import meaning

APPS = ("peerchat_accounts", "peerchat_rooms")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as people may read of it, each field with what it has.

    `people` is whether its rows belong to somebody.
    """

    label: str
    name: str
    why: str | Promise
    fields: list[tuple[str, str]]
    people: bool


def tables() -> Iterator[Table]:
    """Yield the tables of peerchat, those with people first, by their names."""
    users = get_user_model()
    found = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    if users not in found:
        found.append(users)
    made = [_table(model, users) for model in found]
    yield from sorted(made, key=lambda one: (not one.people, one.name.casefold()))


def _table(model: type[Model], users: type[Model]) -> Table:
    meta = model._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    return Table(
        label=meta.label,
        name=str(meta.verbose_name_plural),
        why=WHY["User"] if model is users else WHY.get(meta.object_name or "", ""),
        fields=[(str(field.verbose_name), meaning(field)) for field in fields],
        people=model is users or any(field.related_model is users for field in fields),
    )


WHY: dict[str, str | Promise] = {
    "FormerGroup": _("Partner groups as they were before they were changed by hand."),
    "User": _("Your account. It is there until you erase it."),
    "Token": _("Lets your programs in. Only a fingerprint of each is stored. It ends by itself."),
    "UsedLink": _("Links that were opened, so that nobody opens one twice."),
    "FailedLogin": _("Wrong passwords, so that nobody can try many. They are kept for minutes."),
    "WrongCodes": _("Wrong join codes from an address, so that nobody can try many."),
    "AuditEntry": _(
        "What lecturers and staff looked at and changed, without names. It is kept for years."
    ),
    "Block": _("Whom you have blocked. The others are not told."),
    "Bookmark": _("The questions that you have marked. Nobody else sees them."),
    "Choice": _("The choices of questions."),
    "ClassSession": _("The classes of a course, and who led them."),
    "ClassSettings": _("How the classes of a course run."),
    "Connection": _("Your open pages, to show who is here. It is kept for a short while."),
    "Consent": _("What you consented to, with the dates."),
    "Conviction": _("What you said convinced you."),
    "Course": _("The courses."),
    "Deletion": _("Courses that are to be deleted, and who asked for it."),
    "Draft": _("The choice that you have not sent yet. It is gone when the vote closes."),
    "Enrollment": _("The courses that you are in, and what you said of yourself there."),
    "Exclusion": _("Who was removed from a course."),
    "Flag": _("Messages that you have flagged."),
    "FormerSlug": _("Former addresses of courses, so that old links work."),
    "Guest": _("How a guest comes back. Only fingerprints of the links are stored."),
    "Invitation": _("Invitations by e-mail. Only a fingerprint of each link is stored."),
    "JoinCode": _("The codes by which people join courses."),
    "KnownAddress": _("Addresses from which a right code came, so that wrong ones do no harm."),
    "MarkRules": _("How the marks of a course are counted. Marks themselves are not stored."),
    "Membership": _("The rooms that you are in, and how far you have read."),
    "Mention": _("Messages that mention you."),
    "Message": _("What was written in the rooms of a course, and by whom."),
    "NightPair": _("Who talked with whom outside class."),
    "PairingMember": _("Whom a rule about working together concerns."),
    "PairingRule": _("Rules about who works together, made by those who lead the course."),
    "Partner": _("Who was whose partner."),
    "PartnerGroup": _("The partner groups of a class."),
    "Picture": _("Pictures in questions, and who added them."),
    "Pseudonym": _("Your pseudonym in a class that has pseudonyms."),
    "Question": _("The questions of a course."),
    "QuestionFile": _("A file of questions between its preview and its import."),
    "QuestionVersion": _("Questions as they were asked."),
    "Release": _("Questions to answer outside class, and who released them."),
    "Reminder": _("Reminders that you were sent."),
    "Report": _("What was reported, about whom and by whom. Those who lead the course read it."),
    "Retention": _("How long the data of a course is kept."),
    "RightAnswer": _("Right answers that were given in a class, and by whom."),
    "Room": _("The rooms of a course."),
    "RosterEntry": _("Who came into a course by a list of its people."),
    "Round": _("When the votes on a question were open."),
    "Screen": _("What the screen of the hall shows."),
    "Seed": _("Reasons that those who lead a course wrote for a question."),
    "ShownArgument": _("The argument that the hall was shown."),
    "ShownReason": _("Reasons of others that you were shown outside class."),
    "StandIn": _("To whom the votes and messages of people belong who were erased."),
    "Take": _("Your answers and reasons outside class."),
    "TryOut": _("Try-outs of courses with simulated students."),
    "TryOutStudent": _("The simulated students."),
    "UseLog": _("What happened in a course, step by step, for its lecturers and for research."),
    "Vote": _("Your votes, how sure you were, and your reasons."),
    "Worker": _("The processes of the server."),
}
"""A sentence for each table, by the name of its model: what it is for, and how long it is kept."""
