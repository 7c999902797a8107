"""Sends reminders of released questions by e-mail, a few at a time."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import timezone

from accounts import mail, newcomers, people
from rooms.actions import reminders
from rooms.actions.reminders import Claimed
from rooms.conf import limits
from rooms.process.threads import Threads
from rooms.queries.reminders import courses_with_due, secret

logger = logging.getLogger(__name__)

REMIND_EVERY = 60.0
"""Seconds between two looks for reminders that are due."""


class Reminders:
    """The job of a worker. All workers do it, and each reminder is sent by one of them."""

    def __init__(self) -> None:
        # An SMTP server may take its time, and nothing else waits for it.
        self._thread = Threads(1)

    async def send_due(self) -> None:
        """Send what is due, on sites that send e-mail and know their address."""
        site = limits["SITE_URL"]
        if site and mail.is_on():
            await self._thread.run(send_all, site)

    def stop(self) -> None:
        self._thread.stop()


def send_all(site: str) -> tuple[int, int]:
    """Send all reminders that are due, with links that begin with the address of the site.

    Returns the number of e-mails that were sent, and of those that were not.
    """
    sent = failed = 0
    for course in courses_with_due(timezone.now()):
        claimed = reminders.claim(course=course)
        for start in range(0, len(claimed), mail.AT_ONCE):
            batch = claimed[start : start + mail.AT_ONCE]
            failures = _send(batch, site.rstrip("/"))
            failed += len(failures)
            sent += len(batch) - len(failures)
    return sent, failed


def _send(batch: Sequence[Claimed], site: str) -> dict[int, str]:
    failures = mail.send([_written(one, site) for one in batch])
    reminders.note_sending(
        sent=[
            pk for place, one in enumerate(batch) if place not in failures for pk in one.reminders
        ],
        failures={pk: why for place, why in failures.items() for pk in batch[place].reminders},
    )
    for why in failures.values():
        logger.warning("A reminder was not sent: %s", why)
    return failures


def _written(one: Claimed, site: str) -> EmailMultiAlternatives:
    enrollment = one.due.enrollment
    course = enrollment.course
    stop = site + reverse("peerchat:stop_reminders", args=[secret(enrollment)])
    language = people.language(enrollment.user) or settings.LANGUAGE_CODE
    written = mail.written(
        "rooms/mail/reminder",
        {
            "course": course,
            "kind": str(one.due.kind),
            "name": people.shown_name(enrollment.user),
            "releases": [
                (release, site + reverse("peerchat:take", args=[course.slug, release.pk]))
                for release in one.due.releases
            ],
            "stop": stop,
        },
        to=newcomers.address(enrollment.user),
        language=language,
    )
    # Mail programs then have a button for it, which needs no log-in (RFC 8058).
    written.extra_headers["List-Unsubscribe"] = f"<{stop}>"
    written.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return written
