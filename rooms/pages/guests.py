"""The pages of guests: their place, and how they turn into an account."""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordMixin, UsernameField
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import hashing, links, people
from accounts.entry import settle
from accounts.forms import focus_wrong, refuse_address, write_anything
from accounts.people import User
from rooms import addresses, qr
from rooms.actions import guests, merging
from rooms.models import Guest
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied

PURPOSE = "guest:merge"
"""The purpose of the signed link by which a guest logs in to an account."""
OWN_USERS = "peerchat_accounts.User"

page = require_http_methods(["GET", "HEAD", "POST"])


class AccountForm(SetPasswordMixin, forms.ModelForm):
    """Gives a guest a username and a password.

    It asks for no e-mail address: lecturers find people by theirs, and nothing would confirm it.
    """

    password1, password2 = SetPasswordMixin.create_password_fields()

    class Meta:
        model = get_user_model()
        fields = ("username",) if settings.AUTH_USER_MODEL == OWN_USERS else ()
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["label_suffix"] = ""
        super().__init__(*args, **kwargs)
        write_anything(self.fields["username"])
        self.fields["username"].help_text = ""
        self.fields["password1"].help_text = _("At least 8 characters that nobody guesses.")
        self.fields["password2"].label = _("Password, again")
        self.fields["password2"].help_text = ""
        # The name that was made up is nothing to keep.
        if not self.is_bound:
            self.initial["username"] = ""

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        refuse_address(username)
        return username

    def clean(self) -> dict[str, Any]:
        self.validate_passwords()
        return super().clean() or self.cleaned_data

    def _post_clean(self) -> None:
        # The passwords are compared with the new username, which the instance has only now.
        super()._post_clean()  # type: ignore[misc] # Django's own forms do so, too
        self.validate_password_for_user(self.instance)

    def save(self, commit: bool = True) -> Any:
        """Store the account. Raises IntegrityError if somebody took the username meanwhile."""
        user = super().save(commit=False)
        hashing.release_connections()
        user.set_password(self.cleaned_data["password1"])
        with transaction.atomic():
            user.save()
            guests.forget_guest(user=user)
        return user


def _guest(request: HttpRequest) -> Any:
    """Return the guest who is logged in. Raises Http404 for everybody else."""
    if not Guest.objects.filter(user=cast("User", request.user)).exists():
        raise Http404
    return request.user


def has_own_users() -> bool:
    """Return whether the site's users are peerchat's, so that peerchat can make an account."""
    return settings.AUTH_USER_MODEL == OWN_USERS


@page
@never_cache
@login_required
def my_place(request: HttpRequest) -> HttpResponse:
    """Show a guest the ways to keep the place. A POST makes a new personal link and shows it."""
    context: dict[str, Any] = {"guest": _guest(request), "has_own_users": has_own_users()}
    if request.method == "POST":
        secret = guests.new_link(user=context["guest"])
        path = f"{reverse('peerchat:come_back')}?{urlencode({'place': secret})}"
        context["link"] = request.build_absolute_uri(path)
        context["qr"] = qr.svg(context["link"])
    return render(request, "rooms/my_place.html", context)


@page
@never_cache
@login_required
def make_account(request: HttpRequest) -> HttpResponse:
    """Turn a guest into an account, whose votes and messages are those of the guest."""
    guest = _guest(request)
    if not has_own_users():
        raise Http404
    # The form changes its user while it checks, and the page shows that of the request.
    own = people.everybody().get(pk=guest.pk)
    form = AccountForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        try:
            user = form.save()
        except IntegrityError:
            form.add_error("username", _("Somebody has just taken this username."))
        else:
            update_session_auth_hash(request, user)
            settle(request)
            return redirect("peerchat:courses")
    focus_wrong(form)
    status = 400 if form.errors else 200
    return render(request, "rooms/guest_account.html", {"form": form}, status=status)


@require_POST
@never_cache
@login_required
def log_in_instead(request: HttpRequest) -> HttpResponse:
    """Let a guest log in to an account of theirs, into which the guest is then merged."""
    link = links.sign(_guest(request), PURPOSE)
    # Without a log-in, the user is still the guest of this device.
    request.keeps_device = True  # type: ignore[attr-defined]
    logout(request)
    after = f"{reverse('peerchat:guest_merge')}?{urlencode({'link': link})}"
    return redirect(f"{addresses.login()}?{urlencode({'next': after})}")


@page
@never_cache
@login_required
def merge(request: HttpRequest) -> HttpResponse:
    """Merge the guest of a signed link into the account that is logged in."""
    given = request.POST if request.method == "POST" else request.GET
    link = given.get("link", "")
    try:
        if request.method != "POST":
            guest = links.read(link, PURPOSE)
            return render(request, "rooms/guest_merge.html", {"guest": guest, "link": link})
        merging.merge_into_account(
            guest=links.redeem(link, PURPOSE), account=cast("User", request.user)
        )
    except (links.BadLink, InvalidMessageFormat, PermissionDenied):
        return render(request, "rooms/guest_merge.html", status=404)
    return redirect("peerchat:courses")
