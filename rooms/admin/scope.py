"""The objects that staff get in the admin.

Superusers get all of them, other staff those of the courses that they lead. Django's permissions
still decide what may be done with them.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.http import HttpRequest

from rooms.models import (
    AuditEntry,
    Block,
    Bookmark,
    Choice,
    ClassSession,
    ClassSettings,
    Connection,
    Consent,
    Conviction,
    Course,
    Deletion,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    FormerGroup,
    FormerSlug,
    Guest,
    Invitation,
    JoinCode,
    KnownAddress,
    MarkRules,
    Membership,
    Mention,
    Message,
    NightPair,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Picture,
    Pseudonym,
    Question,
    QuestionFile,
    QuestionVersion,
    Release,
    Reminder,
    Report,
    Retention,
    RightAnswer,
    Room,
    RosterEntry,
    Round,
    Screen,
    Seed,
    ShownArgument,
    ShownReason,
    StandIn,
    Take,
    TryOut,
    TryOutStudent,
    UseLog,
    Vote,
    Worker,
)

Condition = Callable[[QuerySet[Enrollment]], Q]


def _of(course: str) -> Condition:
    """Return the condition for objects with a path to their course."""
    return lambda led: Q(**{f"{course}__in": led.values("course")})


def _of_member(led: QuerySet[Enrollment]) -> Q:
    members = Enrollment.objects.filter(course__in=led.values("course"))
    return Q(user__in=members.values("user"))


def _nobody(led: QuerySet[Enrollment]) -> Q:
    return Q(pk__in=())


BELONGS: dict[type[Model], Condition] = {
    Course: _of("pk"),
    Enrollment: _of("course"),
    Question: _of("course"),
    Picture: _of("course"),
    QuestionFile: _of("course"),
    Choice: _of("question__course"),
    QuestionVersion: _of("question__course"),
    RightAnswer: _of("version__question__course"),
    Room: _of("course"),
    Membership: _of("room__course"),
    Message: _of("room__course"),
    Mention: _of("message__room__course"),
    ClassSession: _of("course"),
    Round: _of("session__course"),
    Vote: _of("round__session__course"),
    Draft: _of("round__session__course"),
    PartnerGroup: _of("round__session__course"),
    FormerGroup: _of("round__session__course"),
    Partner: _of("round__session__course"),
    ClassSettings: _of("course"),
    PairingRule: _of("course"),
    PairingMember: _of("rule__course"),
    # A course may hide their owners from those who lead it.
    Pseudonym: lambda led: Q(
        session__course__in=led.values("course"), session__lecturers_know=True
    ),
    Conviction: _of("round__session__course"),
    Flag: _of("message__room__course"),
    FormerSlug: _of("course"),
    Screen: _of("course"),
    ShownArgument: _of("round__session__course"),
    JoinCode: _of("course"),
    Exclusion: _of("course"),
    KnownAddress: _of("course"),
    # A guest belongs to no course, but is in one.
    Guest: _of_member,
    RosterEntry: _of("course"),
    Invitation: _of("course"),
    TryOut: _of("course"),
    TryOutStudent: _of("try_out__course"),
    MarkRules: _of("course"),
    Release: _of("course"),
    Seed: _of("release__course"),
    Take: _of("release__course"),
    ShownReason: _of("take__release__course"),
    NightPair: _of("one__release__course"),
    Reminder: _of("release__course"),
    Retention: _of("course"),
    Deletion: _of("course"),
    AuditEntry: _of("course"),
    # A report about a message names whoever had the pseudonym.
    Report: lambda led: Q(
        course__in=led.values("course").exclude(
            course__class_sessions__in=ClassSession.objects.filter(
                has_pseudonyms=True, lecturers_know=False
            )
        )
    ),
    # Those who lead a course have no business with these of its people, nor with who stands in.
    Bookmark: _nobody,
    Block: _nobody,
    Consent: _nobody,
    StandIn: _nobody,
    # Rows of workers that run code without the id have the slug of the course alone.
    UseLog: lambda led: (
        Q(in_course__in=led.values("course"))
        | Q(in_course=None, course_id__in=led.values("course__slug"))
    ),
    # A connection belongs to no course, but its user may be in one.
    Connection: _of_member,
    # A worker serves all courses.
    Worker: _nobody,
}
"""The condition by which an object of each model belongs to a course among `led`."""


def scoped(request: HttpRequest, items: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of the objects that the user may have."""
    if is_unbound(request) or items.model not in BELONGS:
        return items
    user: Any = request.user
    led = Enrollment.objects.filter(user=user, role__in=Enrollment.LEADING).order_by()
    return items.filter(BELONGS[items.model](led))


def is_unbound(request: HttpRequest) -> bool:
    """Return whether the user may have the objects of all courses."""
    return bool(getattr(request.user, "is_superuser", False))


class Scoped(BaseModelAdmin):
    """Objects, and choices of a form, that the user may have."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoped(request, super().get_queryset(request))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        target: Any = db_field.related_model
        if target in BELONGS and not is_unbound(request):
            kwargs.setdefault("queryset", scoped(request, target._default_manager.all()))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Leave out fields whose search the user is refused; those get an ordinary list."""
        return [
            name
            for name in super().get_autocomplete_fields(request)
            if self._may_search(request, name)
        ]

    def _may_search(self, request: HttpRequest, name: str) -> bool:
        target: Any = self.model._meta.get_field(name).related_model
        return self.admin_site.get_model_admin(target).has_view_permission(request)


class CourseFilter(admin.RelatedFieldListFilter):
    """A filter by course, which offers the courses that the user may have."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin) -> Any:
        courses = scoped(request, Course.objects.all())
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False,
            ordering=ordering,
            limit_choices_to=Q(pk__in=courses.order_by().values("pk")),
        )
