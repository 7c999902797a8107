"""Courses and enrolments in the admin."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.people import User
from rooms.actions.enrollment import enroll, unenroll
from rooms.actions.rehearsals import is_rehearsal, made_up, remove_rehearsal
from rooms.admin.base import Editable, History, PicksUsers, WrittenForm, changelist
from rooms.admin.enrolling import enrol_in
from rooms.admin.scope import CourseFilter, Scoped, is_unbound
from rooms.models import (
    Course,
    Enrollment,
    FormerSlug,
    Membership,
    Message,
    Picture,
    Question,
    Room,
    Screen,
)
from rooms.queries.course_names import RESERVED
from rooms.queries.pseudonyms import unknown_to_lecturers

#: Rows of an inline form above which the page links to a list instead: Django refuses a form of
#: more than 1,000 fields, and nobody edits a class of 300 in one.
INLINE_ROWS = 100


class CourseForm(WrittenForm):
    names = ("title",)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED:
            raise forms.ValidationError(_("This address is that of another page."))
        return slug


class EnrollmentForm(forms.ModelForm):
    """A form that fixes user and course, because memberships and open sockets depend on them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in self.fields.keys() & {"user", "course"}:
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        user, course = self.cleaned_data.get("user"), self.cleaned_data.get("course")
        if user and isinstance(course, Course) and course.pk:
            others = Enrollment.objects.filter(user=user, course=course).exclude(
                pk=self.instance.pk
            )
            if others.exists():
                self.add_error("user", _("This person is in the course already."))
        if self.instance.pk is not None:
            course = self.instance.course
        if self.has_changed() and isinstance(course, Course) and course.archived_at is not None:
            self.add_error(None, _("The course is archived."))
        return cleaned


class EnrollmentInline(PicksUsers, Scoped, admin.TabularInline):
    model = Enrollment
    form = EnrollmentForm
    fields = ("user", "role", "joined_at")
    readonly_fields = ("joined_at",)
    extra = 1


@admin.register(Course)
class CourseAdmin(Editable):
    form = CourseForm
    list_display = ("title", "slug", "people", "questions", "created_at")
    search_fields = ("title", "slug")
    # Repeated here, because a query that counts drops the order of the model.
    ordering = ("title", "slug")
    date_hierarchy = "created_at"
    prepopulated_fields = {"slug": ("title",)}
    fields = ("title", "slug", "people")
    readonly_fields = ("people",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        courses: QuerySet[Course] = super().get_queryset(request)
        return courses.annotate(
            people_count=Count("enrollments", distinct=True),
            question_count=Count("questions", distinct=True),
        )

    def get_inlines(
        self, request: HttpRequest, obj: Course | None
    ) -> tuple[type[InlineModelAdmin], ...]:
        few = obj is None or obj.enrollments.count() <= INLINE_ROWS
        return (EnrollmentInline,) if few else ()

    @admin.display(description=_("enrolled"), ordering="people_count")
    def people(self, course: Any) -> str:
        if course.pk is None:
            return "-"
        return changelist(Enrollment, str(course.people_count), course__id__exact=course.pk)

    @admin.display(description=_("questions"), ordering="question_count")
    def questions(self, course: Any) -> str:
        return changelist(Question, str(course.question_count), course__id__exact=course.pk)

    def save_formset(
        self,
        request: HttpRequest,
        form: forms.ModelForm,
        formset: forms.BaseInlineFormSet,
        change: bool,
    ) -> None:
        formset.save(commit=False)
        for enrollment in formset.deleted_objects:
            unenroll(course=enrollment.course, users=[enrollment.user])
        for enrollment in [
            *formset.new_objects,
            *(row for row, _changed in formset.changed_objects),
        ]:
            enroll(course=enrollment.course, users=[enrollment.user], role=enrollment.role)

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if not change and not is_unbound(request):
            # Otherwise those who made the course could not see it.
            maker = cast("User", request.user)
            enroll(course=form.instance, users=[maker], role=Enrollment.Role.INSTRUCTOR)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Allow rooms, screen and pictures of a course to be deleted with it if it has no messages.

        The course of a rehearsal goes with everything in it and with the people made for it.
        """
        rehearsed = [course for course in objs if is_rehearsal(course)]
        others = [course for course in objs if course not in rehearsed]
        to_delete, counts, perms_needed, protected = super().get_deleted_objects(others, request)
        if not Message.objects.filter(room__course__in=others).exists():
            with_it = (Room, Membership, Screen, Picture)
            perms_needed -= {one._meta.verbose_name for one in with_it}
        for course in rehearsed:
            users = len(made_up(course))
            to_delete.append(
                f"Course: {course} ({course.slug}) of a rehearsal, with everything in it and the "
                f"{users} users made for it"
            )
            counts["courses of rehearsals"] = counts.get("courses of rehearsals", 0) + 1
            counts["users of rehearsals"] = counts.get("users of rehearsals", 0) + users
        return to_delete, counts, perms_needed, protected

    def delete_model(self, request: HttpRequest, obj: Course) -> None:
        if is_rehearsal(obj):
            remove_rehearsal(course=obj)
        else:
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Course]) -> None:
        for course in queryset:
            self.delete_model(request, course)


@admin.register(FormerSlug)
class FormerSlugAdmin(History):
    list_display = ("slug", "course", "left_at")
    list_select_related = ("course",)
    search_fields = ("slug", "course__slug", "course__title")
    date_hierarchy = "left_at"
    ordering = ("-left_at",)


@admin.register(Enrollment)
class EnrollmentAdmin(PicksUsers, Editable):
    list_display = ("user", "display_name", "course", "role", "joined_at", "muted")
    list_editable = ("role",)
    list_filter = ("role", "place", ("course", CourseFilter))
    list_select_related = ("user", "course")
    search_fields = (*people.search_fields("user__"), "course__slug")
    actions = (enrol_in,)
    form = EnrollmentForm
    fields = (
        *("user", "course", "role", "joined_at", "muted"),
        *("place", "seat", "shares_reasons_since"),
    )
    readonly_fields = ("joined_at", "muted", "place", "seat", "shares_reasons_since")
    autocomplete_fields = ("course",)
    ordering = ("course", people.by_name("user__"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrollment]:
        of_course = unknown_to_lecturers(OuterRef("course"))
        found: QuerySet[Enrollment] = super().get_queryset(request)
        return found.annotate(hides_mutes=Exists(of_course))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Whom a filter finds would tell of the mutes that the list does not.
        return not lookup.startswith("muted_until") and super().lookup_allowed(
            lookup, value, request
        )

    @admin.display(description=_("muted until"))
    def muted(self, enrollment: Enrollment) -> datetime | None:
        """Return until when a student is muted.

        Where those who lead mute pseudonyms, it would tell whose they are.
        """
        return None if getattr(enrollment, "hides_mutes", False) else enrollment.muted_until

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        form: type[forms.ModelForm] = super().get_changelist_form(
            request, **{"form": EnrollmentForm, **kwargs}
        )
        return form

    def save_model(
        self, request: HttpRequest, obj: Enrollment, form: forms.ModelForm, change: bool
    ) -> None:
        enroll(course=obj.course, users=[obj.user], role=obj.role)
        # The log of the admin needs the row.
        obj.pk = Enrollment.objects.get(course=obj.course, user=obj.user).pk

    def delete_model(self, request: HttpRequest, obj: Enrollment) -> None:
        unenroll(course=obj.course, users=[obj.user])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        gone: dict[Course, list[User]] = {}
        for enrollment in queryset.select_related("course", "user"):
            gone.setdefault(enrollment.course, []).append(enrollment.user)
        for course, users in gone.items():
            unenroll(course=course, users=users)

    @admin.display(description=_("display name"), ordering=people.shown_order("user__"))
    def display_name(self, enrollment: Enrollment) -> str:
        return people.shown_name(enrollment.user)
