import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User, password_changed, user_deactivated, user_renamed


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
        for name, signal in (
            ("password", password_changed),
            ("inactive", user_deactivated),
            ("renamed", user_renamed),
        )
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


def test_that_a_user_gets_another_name_is_told(ada, heard):
    ada.display_name = "Ada L."
    ada.save()
    ada.save()
    ada.username = "lovelace"
    ada.save(update_fields=["username"])
    ada.is_active = False
    ada.first_name = "Augusta"
    ada.save()
    assert heard == [
        ("renamed", "ada"),
        ("renamed", "lovelace"),
        ("inactive", "lovelace"),
        ("renamed", "lovelace"),
    ]


def test_what_else_is_saved_is_not_told(ada, heard):
    ada.is_staff = True
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


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"display_name": "\u200b\u200b"}, "ada"),
        ({"display_name": "\u3164", "first_name": "Ada"}, "Ada"),
        ({"display_name": "\u202eada\u202c\n Lovelace"}, "ada Lovelace"),
    ],
)
def test_a_shown_name_shows_and_reorders_nothing(fields, shown):
    assert User(username="ada", **fields).shown_name == shown


ANOTHER = (
    "Enter a valid username. This value may contain only letters, "
    "numbers, and @/./+/-/_ characters."
)


@pytest.mark.parametrize("field", ["username", "display_name", "first_name", "last_name"])
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("\u200b\u200b\u200b", "Nothing of this name can be seen."),
        ("\u3164", "Nothing of this name can be seen."),
        ("Ada\u202e", "This name has invisible characters that change the direction of text."),
    ],
)
def test_names_that_are_refused(field, name, error):
    user = User(username="ada", password="x")
    setattr(user, field, name)
    with pytest.raises(ValidationError) as refused:
        user.clean_fields()
    # Usernames cannot have the other two characters in any case.
    expected = error if field != "username" or name == "\u3164" else ANOTHER
    assert refused.value.message_dict == {field: [expected]}


@pytest.mark.parametrize("other", ["ADA", "\uff41da", "aDa"])
def test_usernames_that_look_alike_cannot_exist_twice(ada, other):
    for make in (
        lambda: User.objects.create_user(other),
        lambda: User(username=other).save(),
        lambda: User.objects.bulk_create([User(username=other)]),
    ):
        with pytest.raises(IntegrityError):
            make()
    with pytest.raises(ValidationError) as refused:
        User(username=other, password="x").validate_unique()
    assert refused.value.message_dict == {
        "username": ["This username looks like “ada”, which exists already."]
    }


def test_a_changed_username_frees_the_old_one(ada, bea):
    ada.username = "lovelace"
    ada.save(update_fields=["username"])
    User.objects.create_user("ADA")
    bea.username = "Lovelace"
    with pytest.raises(IntegrityError):
        bea.save()


def test_names_from_before_the_keys_stay_until_they_change(ada):
    """The migration leaves two names that look alike as they are."""
    User.objects.create_user("eda")
    User.objects.filter(username="eda").update(username="Ada", username_key=None)
    other = User.objects.get(username="Ada")
    other.full_clean(exclude=["password"])
    other.display_name = "The other Ada"
    other.save()
    other.refresh_from_db()
    assert (other.username_key, other.display_name) == (None, "The other Ada")
    other.username = "ADA"
    with pytest.raises(ValidationError):
        other.full_clean(exclude=["password"])
    with pytest.raises(IntegrityError):
        other.save()
    other.username = "second"
    other.save()
    assert User.objects.get(username="second").username_key == "second"


def test_a_user_of_an_older_worker_gets_a_key_when_saved(ada):
    User.objects.update(username_key=None)
    ada.refresh_from_db()
    ada.save()
    assert User.objects.get().username_key == "ada"
