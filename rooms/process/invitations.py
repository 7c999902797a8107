"""Sends invitations by e-mail, in the background and a few at a time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import translation

from accounts import mail, newcomers, people
from rooms.actions import roster
from rooms.actions.roster import Invited
from rooms.models import Course

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """An invitation with the whole address of its link."""

    invited: Invited
    link: str


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
