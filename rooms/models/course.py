"""Courses and enrolments."""

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.peer.asking import SEAT_LIMIT, Place

PLACES = [
    (Place.HALL.value, _("in the hall")),
    (Place.ELSEWHERE.value, _("elsewhere")),
]


class Course(models.Model):
    """A course. Its room (kind `course`) is created when it is saved."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=200)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # Null while the course is in use. An archived course can only be read.
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    # The secret that the pseudonyms of the course's exports are made with, or "" before the first
    # one. The database default serves workers that still run code without this field.
    export_key = models.CharField(
        _("key of exports"), max_length=64, blank=True, default="", db_default="", editable=False
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ("title", "slug")

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Rows that receivers of the signals store belong to it.
        with transaction.atomic():
            super().save(*args, **kwargs)


class FormerSlug(models.Model):
    """A slug that a course had before.

    Addresses and commands that name it mean the course, unless another course has the slug now.
    """

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="former_slugs"
    )
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    left_at = models.DateTimeField(_("left at"))

    class Meta:
        verbose_name = _("former slug")
        verbose_name_plural = _("former slugs")
        ordering = ("course", "-left_at")

    def __str__(self) -> str:
        until = date_format(localtime(self.left_at), "SHORT_DATETIME_FORMAT")
        return gettext("%(slug)s, until %(time)s") % {"slug": self.slug, "time": until}


class Enrollment(models.Model):
    """A user's place in a course. Everyone enrolled is a member of the course's room."""

    class Role(models.TextChoices):
        STUDENT = "student", _("Student")
        ASSISTANT = "assistant", _("Assistant")
        INSTRUCTOR = "instructor", _("Instructor")

    LEADING = (Role.ASSISTANT, Role.INSTRUCTOR)

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="enrollments"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_enrollments",
        # Forms and the admin's searches offer nobody who was made for a try-out.
        limit_choices_to={"peerchat_tried_out": None},
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.STUDENT)
    joined_at = models.DateTimeField(_("joined at"), auto_now_add=True)
    # The time until which a student may not post; in the past or null for those who may.
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)
    # Where the student said they are, and their row or seat in the hall. The database defaults
    # serve workers that still run code without these fields.
    place = models.CharField(
        _("place"), max_length=9, blank=True, choices=PLACES, default="", db_default=""
    )
    seat = models.CharField(_("seat"), max_length=SEAT_LIMIT, blank=True, default="", db_default="")
    # When the student consented that others see their reasons, without their name.
    shares_reasons_since = models.DateTimeField(_("shares reasons since"), null=True, blank=True)
    # When the student consented that research uses what they do in the course.
    in_research_since = models.DateTimeField(_("in research since"), null=True, blank=True)
    # When the student asked for reminders by e-mail.
    reminded_since = models.DateTimeField(_("reminded since"), null=True, blank=True)

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        ordering = ("course", "role", "user_id")
        constraints = (
            models.UniqueConstraint(fields=("user", "course"), name="peerchat_enrollment_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=("student", "assistant", "instructor")),
                name="peerchat_enrollment_role",
            ),
        )

    def __str__(self) -> str:
        named = {"user": self.user, "course": self.course, "role": self.get_role_display()}
        return gettext("%(user)s in %(course)s (%(role)s)") % named

    @property
    def leads(self) -> bool:
        """Return whether the role may lead the class."""
        return self.role in self.LEADING
