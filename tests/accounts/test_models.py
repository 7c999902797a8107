import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import User, password_changed, user_deactivated


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


# --- what `save` tells ---------------------------------------------------------------------------


@pytest.fixture
def heard(ada):
    """The names of the signals that came, in order."""
    names = []
    receivers = {
        signal: lambda user, name=name, **kwargs: names.append((name, user.username))
        for name, signal in (("password", password_changed), ("inactive", user_deactivated))
    }
    for signal, receiver in receivers.items():
        signal.connect(receiver)
    yield names
    for signal, receiver in receivers.items():
        signal.disconnect(receiver)


def test_a_new_password_is_told(ada, heard):
    ada.set_password("another horse")
    ada.save()
    ada.set_password("a third horse")
    ada.save(update_fields=["password"])
    ada.set_unusable_password()
    ada.save()
    assert heard == [("password", "ada")] * 3


def test_that_a_user_becomes_inactive_is_told(ada, heard):
    for active in (False, False, True, False):
        ada.is_active = active
        ada.save()
    assert heard == [("inactive", "ada")] * 2


def test_what_else_is_saved_is_not_told(ada, heard):
    ada.display_name = "Ada L."
    ada.save()
    ada.last_login = timezone.now()
    ada.save(update_fields=["last_login"])
    User.objects.create_user("new", password="correct horse")
    assert heard == []


def test_a_password_that_a_log_in_hashes_anew_is_not_told(ada, heard, settings):
    User.objects.filter(pk=ada.pk).update(password=make_password("correct horse", hasher="md5"))
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert authenticate(username="ada", password="correct horse") == ada
    assert User.objects.get(pk=ada.pk).password.startswith("scrypt")
    assert heard == []
