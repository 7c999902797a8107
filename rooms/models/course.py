"""Courses and enrolments."""

from typing import Any

from django.conf import settings
from django.db import models, transaction


class Course(models.Model):
    """A course. Its room (kind `course`) is created when it is saved."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("title", "slug")

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        # What the receivers of the signals store belongs to it.
        with transaction.atomic():
            super().save(*args, **kwargs)


class FormerSlug(models.Model):
    """A slug that a course had before.

    Addresses and commands that name it mean the course, unless another course has the slug now.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(max_length=60, unique=True)
    left_at = models.DateTimeField()

    class Meta:
        ordering = ("course", "-left_at")

    def __str__(self) -> str:
        return f"{self.slug}, until {self.left_at:%Y-%m-%d %H:%M}"


class Enrollment(models.Model):
    """A user's place in a course. Everyone enrolled is a member of the course's room."""

    class Role(models.TextChoices):
        STUDENT = "student"
        ASSISTANT = "assistant"
        INSTRUCTOR = "instructor"

    LEADING = (Role.ASSISTANT, Role.INSTRUCTOR)

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrollments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="peerchat_enrollments"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.STUDENT)
    joined_at = models.DateTimeField(auto_now_add=True)
    # The time until which a student may not post; in the past or null for those who may.
    muted_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("course", "role", "user_id")
        constraints = (
            models.UniqueConstraint(fields=("user", "course"), name="peerchat_enrollment_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=("student", "assistant", "instructor")),
                name="peerchat_enrollment_role",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.course} ({self.role})"

    @property
    def leads(self) -> bool:
        """Return whether the role may lead the class."""
        return self.role in self.LEADING
