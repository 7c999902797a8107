"""Signing up: first an address, then by a link that is sent there the rest.

Until the link is opened there is no account, so nobody can fill the site with accounts, or take an
address that is not theirs. The answers do not depend on whether an account has the address.
"""

import secrets
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import hashing, mail, newcomers, people
from accounts.conf import limits
from accounts.links import BadLink
from accounts.models import UsedLink, User
from accounts.pages.forms import AddressForm, NewAccountForm
from accounts.pages.passwords import link_refused, sends

LIFETIME = timedelta(days=1)
LONGEST = 1_000
"""The most characters of a link that is read."""
_SALT = "accounts.pages.sign_up"


def is_open() -> bool:
    """Return whether everybody may make an account."""
    return bool(limits["SIGN_UP"]) and mail.is_on()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for an address, and send a link there."""
    if not is_open():
        raise Http404
    if request.user.is_authenticated:
        return redirect("peerchat:courses")
    form = AddressForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        if sends(request, form, _letter(request, form.cleaned_data["email"])):
            return redirect("peerchat_pages:sign-up-sent")
        status = 429
    context = {
        "form": form,
        "title": _("Sign up"),
        "intro": _("You get an e-mail with a link, by which you go on."),
        "submit": _("Send the link"),
    }
    return render(request, "accounts/form.html", context, status=status)


def _letter(request: HttpRequest, email: str) -> mail.Job:
    """Return the job that writes to an address; who has an account is told that they have one."""
    raw = signing.dumps({"mail": email, "nonce": secrets.token_urlsafe(16)}, salt=_SALT)
    pages = {
        "link": f"{reverse('peerchat_pages:sign-up-confirm')}?{urlencode({'link': raw})}",
        "reset": reverse("peerchat_pages:reset"),
    }
    given = {name: request.build_absolute_uri(page) for name, page in pages.items()}
    return partial(_write, email, given, translation.get_language())


def _write(email: str, given: dict[str, str], language: str | None) -> None:
    known = newcomers.by_address({email})[email]
    template = "accounts/mail/sign_up_known" if known else "accounts/mail/sign_up"
    context = {**given, "username": people.username(known[0]) if known else ""}
    mail.deliver(template, context, to=email, language=language)


@require_safe
@login_not_required
def sent(request: HttpRequest) -> HttpResponse:
    if not is_open():
        raise Http404
    context = {
        "title": _("Look into your mailbox"),
        "text": _(
            "An e-mail is on its way. Open the link in it within a day. Look into the folder for "
            "spam, too."
        ),
    }
    return render(request, "accounts/notice.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
@sensitive_post_parameters()
@sensitive_variables()
def confirm(request: HttpRequest) -> HttpResponse:
    """Make the account for an address that a link confirms, and log in."""
    if not is_open():
        raise Http404
    try:
        given = _read(request.GET.get("link", ""))
    except BadLink:
        return link_refused(request, reverse("peerchat_pages:sign-up"))
    suggested = newcomers.free_usernames([given["mail"]])[0]
    form = NewAccountForm(
        request.POST or None, email=given["mail"], initial={"username": suggested}
    )
    if request.method == "POST" and form.is_valid():
        user = form.user()
        hashing.release_connections()
        user.set_password(form.cleaned_data["password"])
        try:
            _store(user, given)
        except BadLink:
            return link_refused(request, reverse("peerchat_pages:sign-up"))
        except IntegrityError:
            form.add_error("username", _("Somebody else just took this username."))
        else:
            login(request, user, backend=newcomers.backend_for_sessions())
            return redirect("peerchat:courses")
    context = {"form": form, "title": _("Your account"), "submit": _("Make the account")}
    status = 400 if form.is_bound else 200
    return render(request, "accounts/form.html", context, status=status)


def _read(raw: str) -> dict[str, Any]:
    """Return the address and the nonce of a link. Raises BadLink."""
    if len(raw) > LONGEST:
        raise BadLink("The link is too long.")
    try:
        given: dict[str, Any] = signing.loads(raw, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature as error:
        raise BadLink(str(error)) from None
    if newcomers.by_address({given["mail"]})[given["mail"]]:
        raise BadLink("An account has the address already.")
    return given


@transaction.atomic
def _store(user: User, given: dict[str, Any]) -> None:
    """Store the user, once for each link. Raises BadLink, or IntegrityError for the username."""
    # Of two who use the link at once, the second waits here. Later the address tells.
    if not UsedLink.objects.get_or_create(nonce=given["nonce"])[1]:
        raise BadLink("The link was already used.")
    if newcomers.by_address({given["mail"]})[given["mail"]]:
        raise BadLink("An account has the address already.")
    user.save(force_insert=True)
