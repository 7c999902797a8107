"""Reports: somebody tells those who lead a course about another person, who does not hear of it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from accounts.text import shows, trimmed
from rooms import permissions, ratelimit
from rooms.actions import audit
from rooms.models import Report
from rooms.models.reports import REPORT_LIMIT
from rooms.queries import reports as queries
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied, TextTooLong


@transaction.atomic
def report(
    *,
    user: User,
    course: str,
    reason: str,
    text: str = "",
    about: str = "",
    message: UUID | None = None,
) -> Report:
    """Report a person of a course, named by `about`, or the author of a `message` to the user.

    A second report about the same person, by the same name or pseudonym, adds to the open one. It
    is possible in archived courses, too. Raises PermissionDenied for strangers and in try-outs,
    RateLimited, NoSuchMessage, TextTooLong, and InvalidMessageFormat for another reason and for
    somebody who is not there.
    """
    enrollment = permissions.enrolled(user, course)
    permissions.lasting(enrollment.course)
    ratelimit.flags.take(user.pk)
    if reason not in Report.Reason.values:
        raise InvalidMessageFormat("`reason` must be one of: " + ", ".join(Report.Reason.values))
    said = trimmed(text) if shows(text) else ""
    if len(said) > REPORT_LIMIT:
        raise TextTooLong(f"The text is too long: {REPORT_LIMIT} characters at most.")
    found = None
    if message is not None:
        found = queries.message_meant(user, enrollment.course, message)
        person, pseudonym = found.sender, found.pseudonym
    else:
        person, pseudonym = queries.person_meant(user, enrollment.course, about)
    now = timezone.now()
    made, is_new = Report.objects.select_for_update(no_key=True).get_or_create(
        course=enrollment.course,
        reporter=user,
        about=person,
        pseudonym=pseudonym,
        settled_at=None,
        defaults={"message": found, "reason": reason, "text": said, "made_at": now},
    )
    if not is_new:
        made.text = "\n".join(filter(None, (made.text, said)))[:REPORT_LIMIT]
        made.reason, made.message = reason, found or made.message
        made.save(update_fields=["text", "reason", "message"])
    return made


@transaction.atomic
def settle(*, user: User, course: str, report: int) -> Report:
    """Note that somebody who leads the course has seen to a report.

    Raises PermissionDenied if the user does not lead the course, and for a report that is not
    theirs to see or does not exist.
    """
    led = permissions.leading(user, course).course
    found = queries.reports_for(user, led).filter(pk=report).select_related(None).first()
    if found is None:
        raise PermissionDenied("The course has no such report.")
    found.settled_at, found.settled_by = timezone.now(), user
    found.save(update_fields=["settled_at", "settled_by"])
    audit.record(actor=user, act="report.settle", course=led)
    return found
