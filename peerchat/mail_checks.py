"""Checks of the e-mail of peerchat's own site, for `check --deploy`."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from accounts import mail
from accounts.conf import limits
from peerchat.checks import deployment_check


@deployment_check
def sign_up_without_mail() -> Iterator[CheckMessage]:
    if limits["SIGN_UP"] and not mail.is_on():
        yield checks.Warning(
            "Nobody can sign up, because the site sends no e-mail to confirm an address.",
            hint="EMAIL_URL=smtp://user:password@mail.example.edu:587",
            id="peerchat.W027",
        )


@deployment_check
def sender_that_is_nowhere() -> Iterator[CheckMessage]:
    by_smtp = settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")
    if by_smtp and settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        yield checks.Warning(
            "E-mail comes from an address at localhost, which mail servers refuse.",
            hint="DEFAULT_FROM_EMAIL=Courses <courses@example.edu>",
            id="peerchat.W028",
        )
