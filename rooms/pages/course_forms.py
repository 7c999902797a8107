"""The forms by which lecturers make and change courses, and what they say of a refusal."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.forms import write_anything
from accounts.people import User
from rooms.models import Course, Enrollment
from rooms.queries import course_names
from rooms.wire import errors

PERSON_LIMIT = 254
"""The most characters in a username or an e-mail address."""
ROLES = [(role.value, role.label) for role in (Enrollment.Role(one) for one in Enrollment.LEADING)]

_REFUSALS: dict[type[errors.PeerError], Promise] = {
    errors.UnknownPerson: _("No account has this username or e-mail address."),
    errors.SeveralPeople: _("Several accounts have this e-mail address. Give a username."),
    errors.NamedThemselves: _("You lead this course already. Name somebody else."),
    errors.LastInstructor: _("A course needs an instructor. Make somebody else one first."),
    errors.RateLimited: _("That was too fast. Try again in a moment."),
    errors.CourseArchived: _("This course is archived. Put it to use again first."),
}


def explain(error: errors.PeerError) -> str:
    """Return why something was refused, in a sentence for the user."""
    known = _REFUSALS.get(type(error))
    return str(known or _("This did not work. Reload the page and try again."))


class NamesForm(forms.Form):
    """The title of a course and its slug, which is its address.

    Without `course`, the names are for a new one, which gets a slug from its title by default.
    """

    title = forms.CharField(label=_("Title"), required=False)
    slug = forms.CharField(label=_("Address"), required=False)

    def __init__(self, *args: Any, user: User, course: Course | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user, self._course = user, course
        write_anything(self.fields["title"])
        for name in ("title", "slug"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.fields["slug"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}

    def clean_title(self) -> str:
        title = course_names.clean_title(self.cleaned_data["title"])
        _require(course_names.title_problem(title))
        return title

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if not slug and self._course is None:
            return slug
        _require(course_names.slug_problem(slug, user=self._user, course=self._course))
        return slug


class PersonForm(forms.Form):
    """Somebody who shall lead the course, and in which role."""

    person = forms.CharField(label=_("Username or e-mail address"), max_length=PERSON_LIMIT)
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_a_name(self.fields["person"])


class HandOverForm(forms.Form):
    """Asks for the new instructor, and whether the present one stays as assistant."""

    person = forms.CharField(label=_("Username or e-mail address"), max_length=PERSON_LIMIT)
    then = forms.ChoiceField(
        label=_("And you?"),
        choices=[("stay", _("I stay as assistant")), ("leave", _("I leave the course"))],
        widget=forms.RadioSelect,
        initial="stay",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_a_name(self.fields["person"])


def _write_a_name(field: forms.Field) -> None:
    write_anything(field)
    field.widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def _require(problem: course_names.Problem) -> None:
    if problem is not None:
        raise forms.ValidationError(str(problem))
