"""Secrets in addresses, which no log may have."""

import logging
import re

# Links of screens, invitations, resets of passwords, ends of reminders and pictures for tokens have
# their secrets in the path.
_SECRETS = re.compile(
    r"(/screen/|/pictures/)[\w-]+\.[\w-]+|(/(?:invitation|reminders|accounts/reset/[^/\s]+)/)(?!set-password/)[^/\s?]+"
)


def redacted(text: str) -> str:
    """Return a text without the secrets of links in it."""
    return _SECRETS.sub(r"\1\2(secret)", text)


class Redacting(logging.Filter):
    """Takes the secrets of links out of the lines of the log, as of a page that failed."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = redacted(text)
        if clean != text:
            record.msg, record.args = clean, None
        return True
