"""Log in, log out, and the admin of users and tokens."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts import tokens
from accounts.models import Token, User

PASSWORD = "correct horse"


@pytest.fixture
def admin(client, transactional_db):
    User.objects.create_superuser("root", password=PASSWORD)
    client.login(username="root", password=PASSWORD)
    return client


def test_logging_in_leads_where_one_wanted_to_go(client, ada):
    credentials = {"username": "ada", "password": PASSWORD}
    assert client.post("/accounts/login/", credentials).url == "/"
    client.logout()
    assert client.post("/accounts/login/?next=/courses/", credentials).url == "/courses/"
    client.logout()
    assert client.post("/accounts/login/?next=//evil.example/", credentials).url == "/"


def test_who_is_logged_in_need_not_again(client, ada):
    client.force_login(ada)
    assert client.get("/accounts/login/").url == "/"


def test_logging_out_takes_a_post(client, ada):
    client.force_login(ada)
    assert client.get(reverse("peerchat_accounts:logout")).status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post(reverse("peerchat_accounts:logout")).url == reverse(
        "peerchat_accounts:login"
    )
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("page", ["changelist", "add"])
def test_admin_of_users(admin, ada, page):
    assert admin.get(reverse(f"admin:peerchat_accounts_user_{page}")).status_code == 200


def test_admin_finds_users_by_the_name_shown(admin, ada, bea):
    page = admin.get(reverse("admin:peerchat_accounts_user_changelist"), {"q": "Bea B"})
    assert [user.username for user in page.context["cl"].queryset] == ["bea"]


def test_admin_changes_the_name_shown(admin, ada):
    url = reverse("admin:peerchat_accounts_user_change", args=[ada.pk])
    form = admin.get(url).context["adminform"].form
    data = {key: value for key, value in form.initial.items() if value not in (None, [])}
    joined = data.pop("date_joined")
    data |= {"date_joined_0": joined.date(), "date_joined_1": joined.time()}
    assert admin.post(url, {**data, "display_name": "Countess"}).status_code == 302
    assert User.objects.get(pk=ada.pk).shown_name == "Countess"


def test_admin_shows_tokens_but_never_their_digest(admin, ada):
    raw = tokens.issue(ada, name="laptop")
    token = Token.objects.get()
    for url in (
        reverse("admin:peerchat_accounts_token_changelist"),
        reverse("admin:peerchat_accounts_token_change", args=[token.pk]),
    ):
        page = admin.get(url).content.decode()
        assert "laptop" in page
        assert token.digest not in page
        assert raw not in page


def test_admin_neither_makes_nor_changes_tokens(admin, ada):
    tokens.issue(ada, name="laptop")
    token = Token.objects.get()
    assert admin.get(reverse("admin:peerchat_accounts_token_add")).status_code == 403
    url = reverse("admin:peerchat_accounts_token_change", args=[token.pk])
    assert admin.post(url, {"name": "other", "user": ada.pk}).status_code == 403
    assert Token.objects.get().name == "laptop"


def revoke(client, *chosen: Token):
    return client.post(
        reverse("admin:peerchat_accounts_token_changelist"),
        {"action": "revoke", "_selected_action": [token.pk for token in chosen]},
    )


def test_admin_revokes_tokens_and_says_so_in_its_log(admin, ada, bea):
    raw, other = tokens.issue(ada), tokens.issue(bea)
    token = Token.objects.get(user=ada)
    assert revoke(admin, token).status_code == 302
    assert tokens.verify(raw) is None
    assert tokens.verify(other) is not None
    first = Token.objects.get(pk=token.pk).revoked_at
    revoke(admin, token)
    assert Token.objects.get(pk=token.pk).revoked_at == first
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(token.pk)]


@pytest.mark.parametrize(("permission", "may"), [("view_token", False), ("change_token", True)])
def test_revoking_takes_the_permission_to_change(client, ada, permission, may):
    raw = tokens.issue(ada)
    ada.is_staff = True
    ada.save()
    ada.user_permissions.add(Permission.objects.get(codename=permission))
    client.force_login(ada)
    assert client.get(reverse("admin:peerchat_accounts_token_changelist")).status_code == 200
    revoke(client, Token.objects.get())
    assert (tokens.verify(raw) is None) is may


@pytest.mark.parametrize("state", ["valid", "expired", "revoked"])
def test_admin_filters_tokens_by_state(admin, ada, state):
    for name in ("valid", "expired", "revoked"):
        tokens.issue(ada, name=name)
    Token.objects.filter(name="expired").update(expires_at="2026-01-01T00:00Z")
    tokens.revoke(Token.objects.get(name="revoked"))
    page = admin.get(reverse("admin:peerchat_accounts_token_changelist"), {"state": state})
    assert [token.name for token in page.context["cl"].queryset] == [state]
