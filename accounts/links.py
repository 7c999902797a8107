"""Signed links that let one user in once, for one purpose, within ten minutes."""

import secrets
from datetime import timedelta

from django.core import signing
from django.utils import timezone

from accounts import people
from accounts.models import UsedLink
from accounts.people import User

LIFETIME = timedelta(minutes=10)
_SALT = "accounts.links"


class BadLink(Exception):
    """The link is forged, too old, used, or for something else."""


def sign(user: User, purpose: str) -> str:
    """Return the signed value of a link that lets its holder in as this user; safe in a URL."""
    given = {"user": people.as_plain(user.pk), "for": purpose, "nonce": secrets.token_urlsafe(16)}
    return signing.dumps(given, salt=_SALT)


def read(raw: str, purpose: str) -> User:
    """Return the user of a link without using it up. Raises BadLink."""
    return _opened(raw, purpose)[0]


def redeem(raw: str, purpose: str) -> User:
    """Use the link up and return its user. Raises BadLink."""
    user, nonce = _opened(raw, purpose)
    # Used links that are too old to open again need not be remembered.
    UsedLink.objects.filter(used_at__lt=timezone.now() - 2 * LIFETIME).delete()
    if not UsedLink.objects.get_or_create(nonce=nonce)[1]:
        raise BadLink("The link was already used.")
    return user


def _opened(raw: str, purpose: str) -> tuple[User, str]:
    try:
        given = signing.loads(raw, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature as error:
        raise BadLink(str(error)) from None
    if given["for"] != purpose:
        raise BadLink("The link has another purpose.")
    user = people.everybody().filter(people.active(), pk=given["user"]).first()
    if user is None:
        raise BadLink("The user does not exist or is inactive.")
    return user, given["nonce"]
