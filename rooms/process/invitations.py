"""Sends invitations by e-mail, in the background and a few at a time."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import translation

from accounts import mail, newcomers, people
from accounts.people import User
from rooms import ratelimit
from rooms.actions import roster
from rooms.actions.roster import Invited
from rooms.models import Course, Invitation
from rooms.queries.roster import waiting
from rooms.wire.errors import RateLimited

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """An invitation with the whole address of its link."""

    invited: Invited
    link: str


def start(
    *, course: Course, sender: User, link: Callable[[str], str], again: bool = False
) -> tuple[int, int]:
    """Invite by e-mail everybody who is due, as far as the limit of the sender goes.

    `link` makes the whole address for a secret. With `again`, those who have an invitation get
    another. Returns the number of invitations that are being sent, and of those that must wait.
    Raises PermissionDenied for an archived course.
    """
    due = [one.user.pk for one in waiting(course) if one.is_due(again=again)]
    allowed = _within_limit(sender, len(due))
    made = roster.invite(course=course, kind=Invitation.Kind.MAIL, users=due[:allowed])
    letters = [Letter(one, link(one.secret)) for one in made]
    send_later(letters, course=course, sender=people.shown_name(sender))
    return len(made), len(due) - allowed


def _within_limit(user: User, wanted: int) -> int:
    """Take a token for each e-mail, and return how many there were."""
    for count in range(wanted):
        try:
            ratelimit.invitations.take(user.pk)
        except RateLimited:
            return count
    return wanted


def send_later(letters: Sequence[Letter], *, course: Course, sender: str) -> None:
    """Send invitations after the commit, in the language of now. `sender` is the lecturer's name.

    The database notes which were sent and which failed. Those that a process leaves unsent when it
    ends can be made anew, like those that failed.
    """
    job = partial(send, letters, course=course, sender=sender, language=translation.get_language())
    transaction.on_commit(partial(_put, job))


def _put(job: mail.Job) -> None:
    try:
        mail.outbox().put(job)
    except mail.Busy:
        logger.warning("Too much e-mail waits: invitations were not sent.")


def send(
    letters: Sequence[Letter], *, course: Course, sender: str, language: str | None
) -> list[str]:
    """Send invitations now, and note in the database what became of each.

    Returns the reasons for those that were not sent.
    """
    reasons: list[str] = []
    for start in range(0, len(letters), mail.AT_ONCE):
        batch = letters[start : start + mail.AT_ONCE]
        failures = mail.send(
            [
                mail.written(
                    "rooms/mail/invitation",
                    {
                        "course": course,
                        "sender": sender,
                        "name": people.shown_name(letter.invited.user),
                        "username": people.username(letter.invited.user),
                        "link": letter.link,
                        "expires_at": letter.invited.invitation.expires_at,
                    },
                    to=newcomers.address(letter.invited.user),
                    language=people.language(letter.invited.user) or language,
                )
                for letter in batch
            ]
        )
        roster.note_sending(
            failures={batch[place].invited.invitation.pk: why for place, why in failures.items()},
            sent=[
                letter.invited.invitation.pk
                for place, letter in enumerate(batch)
                if place not in failures
            ],
        )
        reasons += failures.values()
    return reasons
