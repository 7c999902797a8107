"""`manage.py issue_token`, as a script calls it."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import tokens
from accounts.models import Token
from tests.running import manage


def issue(*arguments):
    out = io.StringIO()
    call_command("issue_token", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_prints_a_token_for_each_in_order(ada, bea):
    lines = issue("bea", "ada", "bea")
    assert [tokens.verify(line).user for line in lines] == [bea, ada, bea]
    assert len(set(lines)) == 3


def test_prints_nothing_else(ada):
    done = manage("issue_token", "ada")
    assert done.returncode == 0, done.stderr
    assert [tokens.verify(line).user for line in done.stdout.splitlines()] == [ada]
    assert done.stderr == ""


def test_an_unknown_user_is_an_error_and_nobody_gets_one(ada):
    done = manage("issue_token", "ada", "nobody", "nothing")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "CommandError: No such user: nobody, nothing.\n"
    assert not Token.objects.exists()


def test_an_inactive_user_is_an_error(ada):
    ada.is_active = False
    ada.save()
    with pytest.raises(CommandError, match="Inactive users cannot use a token: ada"):
        issue("ada")
    assert not Token.objects.exists()


def test_takes_a_name_and_days(ada):
    issue("ada", "--name", "seminar room", "--days", "2")
    token = Token.objects.get()
    assert token.name == "seminar room"
    assert (token.expires_at - token.created_at).total_seconds() == pytest.approx(2 * 86_400, abs=5)


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--days", "-1"], ["--name", "x" * 101]])
def test_refuses_what_makes_no_sense(ada, arguments):
    with pytest.raises(CommandError):
        issue("ada", *arguments)
    assert not Token.objects.exists()


@pytest.mark.parametrize("wrong", [("--days", "0"), ("--name", "x" * 101)])
def test_a_token_without_days_or_with_a_long_name_is_refused(ada, wrong):
    with pytest.raises(CommandError, match=f"{wrong[0]} must"):
        issue("ada", *wrong)
    assert not Token.objects.exists()
    assert issue("ada", "--days", "1", "--name", "x" * 100)
