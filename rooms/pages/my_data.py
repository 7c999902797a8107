"""The page of one's own data: what there is, a download, and erasing oneself."""

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import people
from accounts.people import User
from rooms import ratelimit
from rooms.actions import erasing
from rooms.models import Guest
from rooms.pages.course_forms import explain
from rooms.queries import care
from rooms.queries import my_data as queries
from rooms.wire.errors import PermissionDenied, RateLimited


@require_safe
@never_cache
@login_required
def my_data(request: HttpRequest) -> HttpResponse:
    """Show where one's data is, and what can be done with it."""
    user = cast("User", request.user)
    return render(request, "rooms/my_data.html", {"places": queries.courses_of(user)})


@require_safe
@never_cache
@login_required
def download(request: HttpRequest) -> HttpResponse:
    """Answer with all that is stored about the user, as JSON."""
    user = cast("User", request.user)
    try:
        ratelimit.exports.take(user.pk)
    except RateLimited as error:
        messages.error(request, explain(error))
        shown = {"places": queries.courses_of(user)}
        return render(request, "rooms/my_data.html", shown, status=429)
    return HttpResponse(
        # It is what one person has written, and a server with asyncio would collect it anyway.
        "".join(queries.document(user)),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{queries.name_of(user)}"'},
    )


class EraseForm(forms.Form):
    """The username, and the password of those who have one: nobody erases somebody by a slip."""

    username = forms.CharField(label=gettext_lazy("Your username"), max_length=254)
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._user = user
        self.fields["username"].widget.attrs |= {"autocomplete": "off", "dir": "auto"}
        if not user.has_usable_password():
            del self.fields["password"]

    def clean_username(self) -> str:
        given: str = self.cleaned_data["username"].strip()
        if given != people.username(self._user):
            raise forms.ValidationError(_("This is not your username."))
        return given

    def clean_password(self) -> str:
        given: str = self.cleaned_data["password"]
        try:
            ratelimit.tokens.take(self._user.pk)
        except RateLimited:
            raise forms.ValidationError(_("That was too fast. Try again in a moment.")) from None
        if not self._user.check_password(given):
            raise forms.ValidationError(_("This is not your password."))
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def erase_me(request: HttpRequest) -> HttpResponse:
    """Tell what erasing does, and erase the user."""
    user = cast("User", request.user)
    form = EraseForm(request.POST or None, user=user)
    refusal = ""
    try:
        erasing.check(user)
        if request.method == "POST" and form.is_valid():
            own = people.everybody().get(pk=user.pk)
            logout(request)
            erasing.erase(user=own, by=own)
            return render(request, "rooms/erased.html")
    except PermissionDenied as error:
        refusal = error.message
    shown = {
        "form": form,
        "refusal": refusal,
        "alone": care.led_alone(user),
        "is_guest": Guest.objects.filter(user=user).exists(),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "rooms/erase.html", shown, status=status)
