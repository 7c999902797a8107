"""Stores where students say they are, and their consent to show their reasons."""

from django.db import transaction

from accounts.people import User
from accounts.text import plain_name
from rooms import permissions, ratelimit
from rooms.actions import consents, group_facts, partners, tell
from rooms.models import ClassSession, ClassSettings, Consent, Enrollment, Partner, PartnerGroup
from rooms.peer.asking import SEAT_LIMIT
from rooms.peer.phases import PARTNER_PHASES, Phase
from rooms.queries.class_settings import asks
from rooms.wire.commands import SetPlace, ShareReasons
from rooms.wire.errors import PermissionDenied
from rooms.wire.text import clean_optional


@transaction.atomic
def set_place(*, user: User, command: SetPlace) -> Enrollment:
    """Store where a student is during the classes of a course, and tell their devices.

    `seat` counts in the hall only, and only if the course asks for it. While the class has
    partners, those of the student are told, too. Raises PermissionDenied for who is no student of
    the course, and if the course does not ask where its students are; CourseArchived; TextTooLong
    for a seat of more than SEAT_LIMIT characters; RateLimited.
    """
    enrollment = _student(user, command.course)
    settings = ClassSettings.of(enrollment.course)
    if not settings.asks_place:
        raise PermissionDenied("This course does not ask where you are.")
    seat = clean_optional(plain_name(command.seat), SEAT_LIMIT)
    if command.place != "hall" or not asks(settings).seat:
        seat = ""
    ratelimit.subscribed.take(user.pk)
    session = _lock_class(enrollment)
    before = enrollment.place, enrollment.seat
    enrollment.place, enrollment.seat = command.place, seat
    enrollment.save(update_fields=["place", "seat"])
    tell.placed(enrollment)
    if session is not None and before != (command.place, seat):
        mine = Partner.objects.filter(round=partners.first_round(session), user=user)
        groups = set(mine.values_list("group", flat=True))
        group_facts.note(session, groups)
        _tell_groups(session, groups)
    return enrollment


def share_reasons(*, user: User, command: ShareReasons) -> Enrollment:
    """Carry out a command as `share` does."""
    return share(user=user, course=command.course, shared=command.shared)


@transaction.atomic
def share(*, user: User, course: str, shared: bool) -> Enrollment:
    """Store whether others in a course may see a student's reasons without their name.

    A consent that is withdrawn takes the reasons away from the groups to which they were offered.
    It does not come back to these groups with a new consent. Raises PermissionDenied for who is no
    student of the course, CourseArchived for a consent that is given, and RateLimited.
    """
    enrollment = consents.student(user, course, gives=shared)
    ratelimit.subscribed.take(user.pk)
    if shared == (enrollment.shares_reasons_since is not None):
        # Another device may not have heard of it.
        tell.sharing(enrollment)
        return enrollment
    session = _lock_class(enrollment)
    consents.keep(enrollment=enrollment, purpose=Consent.Purpose.REASONS, given=shared)
    tell.sharing(enrollment)
    # The hall may show an argument of the student.
    tell.figures_changed(enrollment.course_id)
    if not shared:
        offered = PartnerGroup.objects.filter(
            offered__user=user, round__session__course=enrollment.course_id
        )
        now: set[int] = set()
        if session is not None:
            first = partners.first_round(session)
            now = set(offered.filter(round=first).values_list("pk", flat=True))
        offered.update(offered=None)
        if session is not None:
            _tell_groups(session, now)
    return enrollment


def _student(user: User, course: str) -> Enrollment:
    """Return the enrolment of a student in a course that is in use."""
    enrollment = permissions.enrolled(user, course)
    if enrollment.role != Enrollment.Role.STUDENT:
        raise PermissionDenied("Only students of the course can say this.")
    permissions.in_use(enrollment.course)
    return enrollment


def _lock_class(enrollment: Enrollment) -> ClassSession | None:
    """Lock the class of a course if it has, or is about to have, partners to show.

    A class that waits or votes for the first time needs no lock, which all students would wait for:
    its partners are formed and shown several commands later.
    """
    return (
        ClassSession.objects.filter(course=enrollment.course_id, ended_at=None)
        .exclude(phase__in=(Phase.IDLE, Phase.VOTE))
        # The round is read later: the one of a join is that of before the wait for the lock.
        .select_related("course")
        .select_for_update(no_key=True, of=("self",))
        .first()
    )


def _tell_groups(session: ClassSession, groups: set[int]) -> None:
    """Tell the members of partner groups of the class what is new of each other."""
    if groups and session.phase in PARTNER_PHASES:
        partners.count_change(session)
        tell.partners(session, only=groups)
