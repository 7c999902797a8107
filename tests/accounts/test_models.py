import pytest

from accounts.models import User


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "ada"),
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada", "display_name": "Countess"}, "Countess"),
    ],
)
def test_shown_name_is_the_best_there_is(fields, shown):
    assert User(username="ada", **fields).shown_name == shown
