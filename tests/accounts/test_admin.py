"""The people in the admin: each error is a sentence at its field."""

import pytest
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db
NEW = {"usable_password": "true", "password1": "correct horse", "password2": "correct horse"}


def errors(response):
    """The errors of a form that was refused, by field."""
    assert response.status_code == 200
    return {name: list(said) for name, said in response.context["adminform"].errors.items()}


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        (
            {"display_name": "\u200b\u200b\u200b"},
            "display_name",
            "Nothing of this name can be seen.",
        ),
        (
            {"display_name": "Ada\u202eLovelace"},
            "display_name",
            "This name has invisible characters that change the direction of text.",
        ),
        (
            {"username": "strasse"},
            "username",
            "This username looks like “straße”, which exists already.",
        ),
    ],
)
def test_a_name_that_is_refused(admin_client, fields, field, error):
    User.objects.create_user("straße")
    data = {"username": "new", "display_name": "", **NEW, **fields}
    response = admin_client.post(reverse("admin:peerchat_accounts_user_add"), data)
    assert errors(response) == {field: [error]}


def test_a_username_that_is_changed_to_look_like_another(admin_client):
    User.objects.create_user("ada")
    bea = User.objects.create_user("bea")
    data = {"username": "ADA", "date_joined_0": "2026-01-01", "date_joined_1": "12:00"}
    response = admin_client.post(
        reverse("admin:peerchat_accounts_user_change", args=[bea.pk]), data
    )
    assert errors(response) == {
        "username": ["This username looks like “ada”, which exists already."]
    }
