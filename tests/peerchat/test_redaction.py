"""What no line of the log may have."""

import logging
import sys

import pytest

from peerchat.redaction import Redacting, redacted


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("Not Found: /api/courses/x/people/ada.l/", "Not Found: /api/courses/x/people/(name)"),
        ("/peer/api/courses/x/mutes/ada/b/ 404", "/peer/api/courses/x/mutes/(name) 404"),
        ("GET /api/direct/ada/messages/?limit=2", "GET /api/direct/(name)?limit=2"),
        ("/admin/peerchat_accounts/user/7/change/", "/admin/peerchat_accounts/user/(name)/change/"),
        ("/reminders/7:x_Y-z:abc/ 200", "/reminders/(secret)/ 200"),
        (
            "{'ada@mail.example': (550, b'no <ada@mail.example>')}",
            "{'(address)': (550, b'no <(address)>')}",
        ),
        ("refused\nDETAIL:  Key (username)=(ada) exists.", "refused\nDETAIL: (left out)"),
        # Nothing of a person.
        ("/api/courses/x/people/ 200", "/api/courses/x/people/ 200"),
        ("/courses/x/people/ 200", "/courses/x/people/ 200"),
        ("/admin/peerchat_accounts/user/ 200", "/admin/peerchat_accounts/user/ 200"),
    ],
)
def test_lines(line, kept):
    assert redacted(line) == kept


def test_a_traceback_names_nobody():
    try:
        raise ValueError("ada@mail.example is not here")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    assert Redacting().filter(record)
    told = logging.Formatter().format(record)
    assert "ValueError: (address) is not here" in told
    assert "mail.example" not in told
