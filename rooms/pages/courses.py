"""The pages on which lecturers make courses and change their settings."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import people
from accounts.forms import focus_wrong
from accounts.people import User
from rooms import addresses, permissions
from rooms.actions import leaders
from rooms.actions.class_settings import change_class_settings
from rooms.actions.course_making import copy_course, make_course
from rooms.actions.course_settings import archive_course, change_course, restore_course
from rooms.models import Enrollment
from rooms.pages.class_forms import ClassForm
from rooms.pages.course_forms import HandOverForm, NamesForm, PersonForm, explain
from rooms.queries.course_names import proposed_slug
from rooms.queries.courses import course_membership
from rooms.queries.leaders import leaders_of
from rooms.wire.errors import PeerError, PermissionDenied

page = require_http_methods(["GET", "HEAD", "POST"])


@page
@never_cache
@login_required
def new_course(request: HttpRequest) -> HttpResponse:
    """Show the form for a new course, or make the course and go on to lead it."""
    user = cast("User", request.user)
    if not permissions.may_make_courses(user):
        raise Http404
    form = NamesForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            course = make_course(user=user, **form.cleaned_data)
        except PeerError as error:
            form.add_error(None, explain(error))
        else:
            return redirect("peerchat:instructor", course.slug)
    focus_wrong(form)
    return render(request, "rooms/new_course.html", {"form": form})


@page
@never_cache
@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the settings of a course to those who lead it. Its instructors may change them."""
    user = cast("User", request.user)
    try:
        enrollment = permissions.leading(user, slug)
        if request.method == "POST":
            enrollment = permissions.instructing(user, slug)
    except PermissionDenied:
        raise Http404 from None
    desk = _Desk(request, user, enrollment)
    if request.method == "POST":
        answer = desk.take(request.POST.get("do", ""))
        if answer is not None:
            return answer
    elif enrollment.course.slug != slug:
        return redirect("peerchat:settings", enrollment.course.slug)
    return render(request, "rooms/settings.html", desk.context())


class _Desk:
    """The settings of a course on one request: its forms, and what they do."""

    def __init__(self, request: HttpRequest, user: User, enrollment: Enrollment) -> None:
        self._request, self._user, self._enrollment = request, user, enrollment
        self._course = enrollment.course
        self._slug = self._course.slug
        self._errors: dict[str, str] = {}
        course = {"title": self._course.title, "slug": self._slug}
        copy = {"title": self._course.title, "slug": proposed_slug(self._course.title)}
        self._forms: dict[str, forms.Form] = {
            "rename": NamesForm(initial=course, user=user, course=self._course, prefix="rename"),
            "add": PersonForm(prefix="add"),
            "hand_over": HandOverForm(prefix="hand_over"),
            "copy": NamesForm(initial=copy, user=user, prefix="copy"),
            "classes": ClassForm(course=self._course, prefix="classes"),
        }

    def context(self) -> dict[str, Any]:
        return {
            "course": self._course,
            "enrollment": self._enrollment,
            "room": course_membership(self._user, self._course).room_id,
            "is_instructor": self._enrollment.role == Enrollment.Role.INSTRUCTOR,
            "may_copy": permissions.may_make_courses(self._user),
            "leaders": leaders_of(self._course),
            "forms": self._forms,
            "errors": self._errors,
            "login_url": addresses.login(),
            **addresses.for_page(),
        }

    def take(self, do: str) -> HttpResponse | None:
        """Carry out what a form asks for. Returns None if the page has to say what is wrong."""
        deeds: dict[str, Callable[[], HttpResponse | None]] = {
            "rename": self._rename,
            "add": self._add,
            "role": self._role,
            "remove": self._remove,
            "hand_over": self._hand_over,
            "copy": self._copy,
            "classes": self._classes,
            "archive": self._archive,
            "restore": self._restore,
        }
        if do not in deeds:
            raise Http404
        if do in self._forms:
            form = type(self._forms[do])
            about: dict[str, Any] = {}
            if form is NamesForm:
                about = {"user": self._user, "course": self._course if do == "rename" else None}
            elif form is ClassForm:
                about = {"course": self._course}
            self._forms[do] = form(self._request.POST, prefix=do, **about)
            if not self._forms[do].is_valid():
                return None
        try:
            return deeds[do]()
        except PermissionDenied as error:
            if type(error) is PermissionDenied:
                # The user has lost the role since the page was shown.
                raise Http404 from None
            self._refuse(do, error)
        except PeerError as error:
            self._refuse(do, error)
        return None

    def _refuse(self, do: str, error: PeerError) -> None:
        if do in self._forms:
            field = "person" if "person" in self._forms[do].fields else None
            self._forms[do].add_error(field, explain(error))
        else:
            self._errors["leaders" if do in ("role", "remove") else do] = explain(error)

    def _given(self, do: str) -> dict[str, Any]:
        return self._forms[do].cleaned_data

    def _rename(self) -> HttpResponse:
        changed = change_course(user=self._user, course=self._slug, **self._given("rename"))
        return self._done(_("Saved."), changed.slug)

    def _add(self) -> HttpResponse:
        new = leaders.add_leader(user=self._user, course=self._slug, **self._given("add"))
        return self._done(_("%(name)s leads the course now."), name=people.shown_name(new.user))

    def _role(self) -> HttpResponse:
        wanted = {name: self._request.POST.get(name, "") for name in ("username", "role")}
        leaders.change_role(user=self._user, course=self._slug, **wanted)
        return self._done(_("Saved."))

    def _remove(self) -> HttpResponse:
        username = self._request.POST.get("username", "")
        leaders.remove_leader(user=self._user, course=self._slug, username=username)
        if username == people.username(self._user):
            return self._left()
        return self._done(_("%(name)s is no longer in the course."), name=username)

    def _hand_over(self) -> HttpResponse:
        given = self._given("hand_over")
        leave = given["then"] == "leave"
        new = leaders.hand_over(user=self._user, course=self._slug, to=given["person"], leave=leave)
        if leave:
            return self._left()
        told = _("%(name)s is the instructor now, and you are an assistant.")
        return self._done(told, name=people.shown_name(new.user))

    def _copy(self) -> HttpResponse:
        copy = copy_course(user=self._user, course=self._slug, **self._given("copy"))
        return self._done(_("This is the copy. Nobody but you is in it yet."), copy.slug)

    def _classes(self) -> HttpResponse:
        change_class_settings(user=self._user, course=self._slug, **self._given("classes"))
        return self._done(_("Saved."))

    def _archive(self) -> HttpResponse | None:
        if not self._request.POST.get("sure"):
            self._errors["archive"] = _("Tick the box if you mean it.")
            return None
        archive_course(user=self._user, course=self._slug)
        return self._done(_("The course is archived."))

    def _restore(self) -> HttpResponse:
        restore_course(user=self._user, course=self._slug)
        return self._done(_("The course is in use again."))

    def _done(self, told: str, slug: str | None = None, **names: str) -> HttpResponse:
        # A site around peerchat may do without these messages.
        messages.success(self._request, told % names if names else told, fail_silently=True)
        return redirect("peerchat:settings", slug or self._slug)

    def _left(self) -> HttpResponse:
        told = _("You are no longer in the course.")
        messages.success(self._request, told, fail_silently=True)
        return redirect("peerchat:courses")
