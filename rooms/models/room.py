"""Rooms and their members."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course, Enrollment


class Room(models.Model):
    """A place for messages.

    `last_seq` is the number of the newest message. It changes only under the lock of this row, so
    the numbers of a room have no gaps.
    """

    class Kind(models.TextChoices):
        COURSE = "course", _("Course")
        OPEN = "open", _("Open")
        DIRECT = "direct", _("Direct")
        PARTNERS = "partners", _("Partners")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="rooms"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200, blank=True)
    topic = models.CharField(_("topic"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="peerchat_rooms_created",
    )
    # Seconds that a student must wait between two messages; 0 for no wait.
    slow_seconds = models.PositiveIntegerField(_("slow seconds"), default=0)
    # "<smaller user id>:<larger user id>", so that a pair has one direct room. An id may be a
    # number, a UUID or a text.
    pair = models.CharField(_("pair"), max_length=511, null=True, blank=True, unique=True)
    last_seq = models.PositiveBigIntegerField(_("last seq"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("course",), condition=Q(kind="course"), name="peerchat_one_course_room"
            ),
            models.CheckConstraint(
                condition=Q(kind="direct", pair__isnull=False)
                | (~Q(kind="direct") & Q(pair__isnull=True)),
                name="peerchat_direct_room_has_pair",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("course", "open", "direct", "partners")),
                name="peerchat_room_kind",
            ),
        )

    def __str__(self) -> str:
        named = {"kind": self.get_kind_display(), "id": self.id}
        return self.title or gettext("%(kind)s: %(id)s") % named


class Membership(models.Model):
    """A user's place in a room, and how far they have read.

    The members of a course's room are the users enrolled in the course.
    """

    room = models.ForeignKey(
        Room, verbose_name=_("room"), on_delete=models.CASCADE, related_name="memberships"
    )
    # It needs no index of its own because of `membership_once`.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_memberships",
        db_index=False,
    )
    joined_at = models.DateTimeField(_("joined at"), auto_now_add=True)
    last_read_seq = models.PositiveBigIntegerField(_("last read seq"), default=0)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("room", "user_id")
        constraints = (
            models.UniqueConstraint(fields=("user", "room"), name="peerchat_membership_once"),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(place)s") % {"user": self.user, "place": self.room}


def course_room(course: Course) -> Room:
    """Return the course's room. A course that a bulk write made gets it only here."""
    room, _ = Room.objects.get_or_create(
        course=course, kind=Room.Kind.COURSE, defaults={"title": course.title}
    )
    return room


# Signals create the rooms and memberships that belong to a course or an enrolment, whether the
# admin, a fixture or the including site creates it. A fixture may contain them as well, so they
# are created only when all of it is loaded. `bulk_create` sends no signals, so use
# `actions.enrollment.enroll` for many users at once.


@receiver(post_save, sender=Course)
def give_course_its_room(instance: Course, raw: bool, using: str, **kwargs: Any) -> None:
    """Create the course's room, or give it the new title of the course."""
    _when_loaded(partial(_complete_course, instance), raw=raw, using=using)


@receiver(post_save, sender=Enrollment)
def join_course_room(instance: Enrollment, raw: bool, using: str, **kwargs: Any) -> None:
    """Make a newly enrolled user a member of the course's room."""
    _when_loaded(partial(_complete_enrollment, instance), raw=raw, using=using)


def _when_loaded(complete: Callable[[], None], *, raw: bool, using: str) -> None:
    """Call a function now, or at the end of the fixture that is being loaded."""
    if raw:
        transaction.on_commit(complete, using=using)
    else:
        complete()


def _complete_course(course: Course) -> None:
    Room.objects.update_or_create(
        course=course, kind=Room.Kind.COURSE, defaults={"title": course.title}
    )


def _complete_enrollment(enrollment: Enrollment) -> None:
    room = course_room(enrollment.course)
    Membership.objects.get_or_create(room=room, user_id=enrollment.user_id)


@receiver(post_delete, sender=Enrollment)
def leave_course_rooms(instance: Enrollment, **kwargs: Any) -> None:
    """Take a user who is no longer enrolled out of every room of the course."""
    Membership.objects.filter(room__course_id=instance.course_id, user_id=instance.user_id).delete()
