"""Secrets in addresses, and what names people, which no log may have."""

import logging
import re

# Links of screens, invitations, resets of passwords, of the end of reminders, and of pictures for
# tokens have their secrets in the path.
_SECRETS = re.compile(
    r"(/screen/|/pictures/)[\w-]+\.[\w-]+"
    r"|(/(?:invitation|reminders|accounts/reset/[^/\s]+)/)(?!set-password/)[^/\s?]+"
)
# Endpoints and pages of the admin that are about one person, whose username or id they name.
_PEOPLE = re.compile(
    r"(/api/(?:courses/[^/\s]+/(?:leaders|mutes|people)|direct)/)[^\s?]+"
    r"|(/peerchat_accounts/user/)[^/\s?]+(?=/)"
)
# A mail server names the recipient whom it refuses.
_ADDRESS = re.compile(r"\b[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
# PostgreSQL tells the values of the row that it refuses.
_DETAIL = re.compile(r"^DETAIL:.*(?:\n(?!\w+:|\s*$|Traceback|The above).*)*", re.MULTILINE)


def redacted(text: str) -> str:
    """Return a text without the secrets of links and without the names of people in it."""
    text = _SECRETS.sub(r"\1\2(secret)", text)
    text = _PEOPLE.sub(r"\1\2(name)", text)
    return _DETAIL.sub("DETAIL: (left out)", _ADDRESS.sub("(address)", text))


class Redacting(logging.Filter):
    """Takes the secrets of links and names out of the lines of the log, as of a page that failed.

    Tracebacks are lines as well, as errors tell what was wrong with a value.
    """

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = redacted(text)
        if clean != text:
            record.msg, record.args = clean, None
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            # Formatters take it as it is.
            record.exc_text = redacted(self._formatter.formatException(record.exc_info))
        return True
