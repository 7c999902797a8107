"""The functions that the rest of the code uses for users, with any user model."""

import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.template import Context, Template
from django.test.utils import isolate_apps

from accounts import newcomers, people
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


@pytest.fixture
def django_users(settings, db):
    """Let the users be those of Django, which have no shown name, language and folded name."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite makes no table in a transaction")
    settings.AUTH_USER_MODEL = "auth.User"
    model = get_user_model()
    with connection.schema_editor() as editor:
        # Without the tables of groups and permissions, which a model that is not used lacks.
        editor.execute(*editor.table_sql(model))
    return model


class Account(AbstractBaseUser):
    """A user of a site that has taken the best names for itself."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=60, unique=True)

    USERNAME_FIELD = "name"

    class Meta:
        app_label = "tests"
        abstract = True


@pytest.fixture
def accounts_of(monkeypatch):
    """Return a function that lets the users be those of `Account`, with more attributes."""

    def let(**attributes):
        with isolate_apps("django.contrib.auth", "django.contrib.contenttypes"):
            meta = type("Meta", (), {"app_label": "auth"})
            body = {"__module__": __name__, "Meta": meta, **attributes}
            model = type("Own", (Account,), body)
        monkeypatch.setattr(people, "get_user_model", lambda: model)
        return model

    return let


def test_rows_tell_all_of_a_user_whatever_the_names_of_the_fields(db, accounts_of):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite makes no table in a transaction")
    model = accounts_of()
    with connection.schema_editor() as editor:
        editor.create_model(model)
    ada = model.objects.create(name="ada")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT u.key_, u.name FROM ({people.rows_sql()}) u")
        assert cursor.fetchall() == [(ada.pk, "ada")]


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("is_active", False, True),
        ("is_active", models.BooleanField(default=True), True),
        ("is_active", property(lambda user: user.contract.is_running), False),
        ("display_name", property(lambda user: user.profile.name), False),
        ("display_name", lambda user: "Ada", False),
        ("first_name", property(lambda user: user.profile.name), False),
        ("get_full_name", lambda user: "Ada", False),
        ("get_session_auth_hash", lambda user: user.stamps.last().value, False),
    ],
)
def test_rows_tell_nothing_of_a_user_whose_model_computes_something(
    accounts_of, name, value, known
):
    accounts_of(**{name: value})
    assert bool(people.rows_sql()) is known


def test_users_of_django_are_found_in_upper_and_lower_case(django_users):
    ada = django_users.objects.create(username="Ada", email="Ada@Example.org")
    bea = django_users.objects.create(username="bea")
    assert people.find("Ada") == ada
    assert people.by_address("ada@example.ORG") == [ada]
    for nobody in ("ada", "", "bea@example.org", "ada@example.org\0"):
        assert people.by_address(nobody) == []
    found = django_users.objects.filter(people.named(["ADA", "bea", "carl"]))
    assert set(found) == {ada, bea}
    assert newcomers.by_username({"aDa", "carl"}) == {"ada": [ada]}
    assert newcomers.by_username(set()) == {}
    with pytest.raises(ValidationError) as caught:
        newcomers.make("e ve", name="Eve", mail="eve@")
    assert "Enter a valid email address." in newcomers.why_not(caught.value)
    assert newcomers.by_address({"ada@example.org"}) == {"ada@example.org": [ada]}
    assert newcomers.free_usernames(["ADA@example.org", "carl@example.org"]) == ["ADA2", "carl"]


def test_users_of_django_are_shown_and_made_with_what_they_have(django_users):
    made = people.new("guest-1", password="!", shown="Lola", mail="lola@example.org")
    assert (made.first_name, made.email) == ("Lola", "lola@example.org")
    assert people.shown_name(made) == "Lola"
    (eve,) = newcomers.store([newcomers.make("eve", name="Eve", mail="eve@example.org")])
    assert not eve.has_usable_password()
    people.keep_language(eve, "de")
    assert people.language(eve) == ""
    assert people.shown_order("user__") == "user__username"
    assert people.search_fields() == ("username", "first_name", "last_name", "email")


def test_a_site_without_the_pages_of_accounts_shows_no_links_to_them(settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "SIGN_UP": True}
    tag = Template(
        "{% load peerchat_accounts %}{% account_links as links %}"
        "{{ links.reset }} {{ links.sign_up }}"
    )
    assert tag.render(Context()) == "/accounts/reset/ /accounts/sign-up/"
    settings.ROOT_URLCONF = "accounts.urls"
    assert tag.render(Context()).strip() == ""
