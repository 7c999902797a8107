"""Tokens: the part of them that is stored, and the time for which they are valid."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tokens, wrong_tokens
from accounts.buckets import Buckets
from accounts.models import Token, User
from tests.pace import patient


def test_only_a_hash_is_kept(ada):
    raw = tokens.issue(ada, name="laptop")
    token = Token.objects.get()
    assert raw.startswith("pc_")
    assert len(raw) > 40
    kept = " ".join(str(value) for value in Token.objects.values_list().get())
    assert raw not in kept
    assert raw.removeprefix("pc_") not in kept
    assert (token.user, token.name, len(token.digest)) == (ada, "laptop", 64)


def test_is_valid_for_its_days(ada):
    before = timezone.now()
    tokens.issue(ada, days=7)
    expires = Token.objects.get().expires_at
    assert before + timedelta(days=7) <= expires <= timezone.now() + timedelta(days=7)


def test_may_be_without_end(ada):
    tokens.verify(tokens.issue(ada, days=None))
    assert Token.objects.get().expires_at is None


def test_each_is_another(ada):
    assert len({tokens.issue(ada) for _ in range(20)}) == 20


def test_verify_finds_the_user(ada, bea):
    raw = tokens.issue(ada)
    tokens.issue(bea)
    token = tokens.verify(raw)
    assert token is not None
    assert token.user == ada


def test_expired_is_not_valid(ada):
    raw = tokens.issue(ada)
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tokens.verify(raw) is None


def test_revoked_is_not_valid_and_stays_so(ada):
    raw = tokens.issue(ada)
    token = Token.objects.get()
    tokens.revoke(token)
    first = Token.objects.get().revoked_at
    assert first is not None
    assert tokens.verify(raw) is None
    tokens.revoke(Token.objects.get())
    assert Token.objects.get().revoked_at == first == token.revoked_at


def test_of_an_inactive_user_is_not_valid(ada):
    raw = tokens.issue(ada)
    ada.is_active = False
    ada.save()
    assert tokens.verify(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "pc_",
        "pc_wrong",
        "pc_" + "x" * 1_000_000,
        "pc_\udcff",
        "pc_a\x00b",
        "pc_ä",
        "other",
    ],
)
def test_what_is_no_token_is_not_valid(ada, raw):
    tokens.issue(ada)
    assert tokens.verify(raw) is None


def test_the_digest_itself_is_no_token(ada):
    tokens.issue(ada)
    assert tokens.verify(Token.objects.get().digest) is None


def test_use_is_noted_at_most_once_a_minute(ada, django_assert_num_queries):
    raw = tokens.issue(ada)
    assert Token.objects.get().last_used_at is None
    with django_assert_num_queries(2):
        tokens.verify(raw)
    first = Token.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        tokens.verify(raw)
    assert Token.objects.get().last_used_at == first
    Token.objects.update(last_used_at=first - timedelta(seconds=61))
    tokens.verify(raw)
    assert Token.objects.get().last_used_at >= first


def test_refused_ones_are_not_noted_as_used(ada):
    raw = tokens.issue(ada)
    tokens.revoke(Token.objects.get())
    tokens.verify(raw)
    assert Token.objects.get().last_used_at is None


def test_a_wrong_one_that_comes_again_and_again_is_not_looked_up_each_time(
    ada, django_assert_num_queries
):
    raw, wrong = tokens.issue(ada), tokens.issue(ada)
    tokens.revoke(Token.objects.get(digest=tokens.digest(wrong)))
    for _ in range(wrong_tokens.TRIES):
        with django_assert_num_queries(1):
            assert tokens.verify(wrong) is None
    with django_assert_num_queries(0):
        assert tokens.verify(wrong) is None
    assert tokens.verify(raw).user == ada


def test_one_that_was_wrong_for_a_while_is_looked_up_again(ada, monkeypatch):
    monkeypatch.setattr(wrong_tokens, "tries", Buckets(20, wrong_tokens.TRIES))
    raw = tokens.issue(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    for _ in range(2 * wrong_tokens.TRIES):
        assert tokens.verify(raw) is None
    User.objects.filter(pk=ada.pk).update(is_active=True)
    until = time.monotonic() + patient(5)
    while (token := tokens.verify(raw)) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert token.user == ada
