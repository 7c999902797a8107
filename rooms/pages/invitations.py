"""The page on which somebody accepts an invitation, and comes into the course."""

import math
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import hashing, newcomers, people, wrong_tokens
from accounts.addresses import client_address
from accounts.forms import focus_wrong
from accounts.links import BadLink
from rooms.actions import roster
from rooms.models import Invitation

_OPENED = "peerchat_invitation"
"""The key under which a session has the digest of the secret, and never the secret."""


@require_safe
@never_cache
@login_not_required  # the link logs in
@sensitive_variables("secret")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Note in the session which link was opened, and go on without it in the address.

    Looking at a link does not use it up.
    """
    digest = roster.digest_of(secret)
    try:
        roster.find_invitation(digest)
    except BadLink:
        return _refused(request)
    request.session[_OPENED] = digest
    return redirect("peerchat:accept-invitation")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required  # the link logs in
@sensitive_post_parameters()
@sensitive_variables()
def accept(request: HttpRequest) -> HttpResponse:
    """Let somebody who opened a link choose a password, and log them in."""
    digest = request.session.get(_OPENED, "")
    try:
        found = roster.find_invitation(digest)
        if request.method != "POST":
            return _page(request, found, SetPasswordForm(found.user))
        password = None
        if newcomers.have_passwords():
            form = SetPasswordForm(found.user, request.POST)
            if not form.is_valid():
                focus_wrong(form)
                return _page(request, found, form, status=400)
            hashing.release_connections()
            password = hashing.make(form.cleaned_data["new_password1"])
        found = roster.accept_invitation(digest=digest, password=password)
    except BadLink:
        request.session.pop(_OPENED, None)
        return _refused(request)
    # A new session, without what the browser's last user had in it.
    request.session.flush()
    login(request, found.user, backend=newcomers.backend_for_sessions())
    return redirect("peerchat:course", found.course.slug)


def _page(
    request: HttpRequest, found: Invitation, form: SetPasswordForm, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "course": found.course,
        "name": people.shown_name(found.user),
        "username": people.username(found.user),
        "form": form if newcomers.have_passwords() else None,
    }
    return render(request, "rooms/invitation.html", context, status=status)


def _refused(request: HttpRequest) -> HttpResponse:
    """Say that the link is of no use. An address that tries very many is told to wait."""
    wait = wrong_tokens.count(client_address(request))
    status = 429 if wait else 410
    response = render(request, "rooms/invitation_refused.html", status=status)
    if wait:
        response["Retry-After"] = str(math.ceil(wait))
    return response
