"""The functions that the rest of the code uses for users, with any user model."""

from types import SimpleNamespace

import pytest
from django.db import connection

from accounts import people
from accounts.models import User

asked: list[User] = []


def by_initials(user: User) -> str:
    asked.append(user)
    return f"{user.username[0]}."


def shown(**fields: str) -> str:
    return people.shown_name(User(username="ada", **fields))


def test_the_shown_name_is_the_first_that_there_is():
    assert shown(display_name="Countess", first_name="Ada", last_name="Byron") == "Countess"
    assert shown(first_name="Ada", last_name="Byron") == "Ada Byron"
    assert shown() == "ada"


def test_a_model_may_lack_all_names_but_one_or_have_methods():
    bare = SimpleNamespace(get_username=lambda: 1815)
    assert (people.username(bare), people.shown_name(bare)) == ("1815", "1815")
    bare.display_name = lambda: "Ada"
    assert people.shown_name(bare) == "Ada"


@pytest.mark.parametrize("choice", [by_initials, "tests.accounts.test_people.by_initials"])
def test_a_site_chooses_the_shown_name_and_is_asked_once_for_each_user(settings, choice):
    settings.PEERCHAT = {**settings.PEERCHAT, "DISPLAY_NAME": choice}
    asked.clear()
    ada = User(username="ada", display_name="Countess")
    assert {people.shown_name(ada), ada.shown_name} == {"a."}
    assert len(asked) == 1


def called(user: User, name: str) -> None:
    user.last_name = name


def test_a_new_user_is_called_as_the_site_wants(settings):
    assert people.shown_name(people.new("guest-1", password="!", shown="Lola")) == "Lola"
    assert people.new("ada", password="!").password == "!"
    for choice in (called, "tests.accounts.test_people.called"):
        settings.PEERCHAT = {**settings.PEERCHAT, "NAME_GUEST": choice}
        made = people.new("guest-1", password="!", shown="Lola")
        assert (made.last_name, made.pk) == ("Lola", None)


def test_users_are_found_as_by_the_log_in(db):
    ada = User.objects.create(username="ada")
    assert people.find("ada") == ada
    assert people.find("Ada") is None
    assert people.find("") is None


def test_what_the_statements_and_the_processes_ask():
    assert people.key_type() is int
    assert people.as_plain(7) == 7
    assert people.key_column_type(connection) == "bigint"
    table = ('"peerchat_accounts_user"', '"id"', '"username"')
    assert people.table_of_names(connection) == table
    assert people.possible(["ada", "1"]) == {"ada", "1"}
    assert people.sample_name("ada") == "ada"
    assert people.search_fields("user__") == (
        *("user__username", "user__display_name", "user__first_name", "user__last_name"),
        "user__email",
    )
    assert people.shown_order("user__") == "user__display_name"
