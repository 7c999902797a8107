"""The forms of the pages of one's own account.

A password waits for its hash like that of a log-in (`accounts.hashing`), and the request holds no
database connection meanwhile.
"""

import math
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import hashing, languages, lockout, people
from accounts.forms import refuse_address, write_anything
from accounts.models import User
from accounts.text import plain_name


class NewPasswordForm(SetPasswordForm):
    """Django's, which gives the database connection back before it hashes."""

    def save(self, commit: bool = True) -> Any:
        hashing.release_connections()
        return super().save(commit)


class ChangePasswordForm(PasswordChangeForm):
    """Django's, which bounds the guesses at the old password of a session that was taken over."""

    def clean_old_password(self) -> str:
        guesses = lockout.guesses().at_once
        key = (people.username(self.user), "a change of the password")
        wait = guesses.take(key)
        if wait:
            raise ValidationError(try_again(wait))
        hashing.release_connections()
        old: str = super().clean_old_password()
        guesses.fill(key)
        return old

    def save(self, commit: bool = True) -> Any:
        hashing.release_connections()
        return super().save(commit)


class AddressForm(forms.Form):
    """An e-mail address."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def clean_email(self) -> str:
        # An address with other letters may look like that of somebody else.
        email: str = self.cleaned_data["email"]
        if not email.isascii():
            raise ValidationError(_("Enter an address of Latin letters, without accents."))
        return email.lower()


class ProfileForm(forms.Form):
    """One's name and language."""

    display_name = forms.CharField(
        label=_("Name that others see"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs["initial"] = {"display_name": user.display_name, "language": user.language}
        super().__init__(*args, **kwargs)
        self._user = user
        write_anything(self.fields["display_name"])
        offered = [(one.code, one.name) for one in languages.offered()]
        choice: Any = self.fields["language"]
        choice.choices = [("", _("As the browser says")), *offered]

    def clean_display_name(self) -> str:
        name = plain_name(self.cleaned_data["display_name"])
        check(User(username=self._user.username, display_name=name), "display_name")
        return name

    def save(self) -> None:
        """Store the name and the language. Open pages show the name at once."""
        self._user.display_name = self.cleaned_data["display_name"]
        self._user.language = self.cleaned_data["language"]
        self._user.save(update_fields=["display_name", "language"])


class NewAccountForm(forms.Form):
    """Asks for what a new account needs beside the confirmed address."""

    display_name = forms.CharField(
        label=_("Your name, as others see it"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    username = forms.CharField(
        label=_("Username, with which you log in"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        help_text=password_validation.password_validators_help_text_html(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email
        write_anything(self.fields["display_name"])

    def clean_display_name(self) -> str:
        name = plain_name(self.cleaned_data["display_name"])
        check(User(username="x", display_name=name), "display_name")
        return name

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if username.lower() != self._email:
            refuse_address(username)
        user = User(username=username)
        check(user, "username")
        try:
            user.validate_unique()
        except ValidationError as error:
            raise ValidationError(error.message_dict["username"]) from None
        return username

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password = cleaned.get("password")
        if password:
            try:
                password_validation.validate_password(password, self.user())
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def user(self) -> User:
        """Return the new user without a password, who is not stored."""
        return User(
            username=self.cleaned_data.get("username", ""),
            display_name=self.cleaned_data.get("display_name", ""),
            email=self._email,
        )


def check(user: User, field: str) -> None:
    """Raise ValidationError for what is wrong with one field of a user."""
    try:
        user.clean_fields(exclude={one.name for one in User._meta.fields} - {field})
    except ValidationError as error:
        raise ValidationError(error.message_dict[field]) from None


def try_again(seconds: float) -> str:
    """Return when a refused request makes sense again, for people."""
    minutes = math.ceil(seconds / 60)
    told = ngettext(
        "That was too often. Try again in %(count)s minute.",
        "That was too often. Try again in %(count)s minutes.",
        minutes,
    )
    return told % {"count": minutes}
