"""The settings: what each variable may be, and that a wrong one stops the process by name."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from peerchat import mail
from peerchat.environment import env, envbool, envfloat, envint, envlist
from peerchat.settings import channel_layer, database
from rooms.conf import LIMITS
from tests.servers import ROOT

# The .env of the developer must not count.
BARE = {"PATH": os.environ["PATH"], "ENV_FILE": ""}
PRODUCTION = {
    "SECRET_KEY": "k3y-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "peerchat.example.edu",
    "DATABASE_URL": "postgres://peerchat:secret@db.example.edu:5433/peerchat",
    "REDIS_URL": "redis://redis.example.edu:6379/1",
}


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` with the site's settings under just these variables."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**BARE, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def settings(*names: str, **variables: str) -> list[object]:
    code = (
        "import json; from peerchat import settings\n"
        f"print(json.dumps([getattr(settings, name) for name in {names!r}], default=str))"
    )
    done = python(code, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("value", ["1", "true", "True", "YES", "on", " 1 "])
def test_envbool_takes_what_means_yes(monkeypatch, value):
    monkeypatch.setenv("SOMETHING", value)
    assert envbool("SOMETHING", False) is True


@pytest.mark.parametrize("value", ["0", "false", "False", "NO", "off"])
def test_envbool_takes_what_means_no(monkeypatch, value):
    monkeypatch.setenv("SOMETHING", value)
    assert envbool("SOMETHING", True) is False


@pytest.mark.parametrize(
    ("read", "value", "must"),
    [
        (lambda: envbool("SOMETHING", False), "maybe", "must be 1 or 0"),
        (lambda: envint("SOMETHING", 1), "1.5", "must be a whole number"),
        (lambda: envint("SOMETHING", 1), "many", "must be a whole number"),
        (lambda: envint("SOMETHING", 1, least=1), "0", "must be at least 1"),
        (lambda: envfloat("SOMETHING", 1), "fast", "must be a number"),
        (lambda: envfloat("SOMETHING", 1), "-1", "at least 0"),
        (lambda: envfloat("SOMETHING", 1), "nan", "at least 0"),
        (lambda: envfloat("SOMETHING", 1), "inf", "at least 0"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(monkeypatch, read, value, must):
    monkeypatch.setenv("SOMETHING", value)
    with pytest.raises(ImproperlyConfigured, match=f"^SOMETHING {must}|^SOMETHING .*{must}"):
        read()


@pytest.mark.parametrize("value", [None, "", "  "])
def test_unset_and_empty_are_the_default(monkeypatch, value):
    monkeypatch.delenv("SOMETHING", raising=False)
    if value is not None:
        monkeypatch.setenv("SOMETHING", value)
    assert env("SOMETHING", "else") == "else"
    assert (envbool("SOMETHING", True), envint("SOMETHING", 3)) == (True, 3)
    assert (envfloat("SOMETHING", 0.5), envlist("SOMETHING")) == (0.5, [])
    with pytest.raises(ImproperlyConfigured, match="SOMETHING must be set"):
        env("SOMETHING")


def test_envlist_splits_at_commas(monkeypatch):
    monkeypatch.setenv("SOMETHING", " a, b ,,c,")
    assert envlist("SOMETHING") == ["a", "b", "c"]


def test_sqlite_waits_for_its_lock_and_writes_ahead():
    config = database("sqlite:////srv/peerchat.sqlite3")
    assert config["NAME"] == "/srv/peerchat.sqlite3"
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert config["OPTIONS"]["timeout"] == 20
    assert "journal_mode=WAL" in config["OPTIONS"]["init_command"]


def test_postgresql_gets_a_pool_of_its_own_size(monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_MIN", "1")
    monkeypatch.setenv("DATABASE_POOL_MAX", "7")
    config = database("postgres://u:p@h:5433/n")
    pool = config["OPTIONS"]["pool"]
    assert (pool["min_size"], pool["max_size"], pool["timeout"]) == (1, 7, 10)
    assert config["CONN_MAX_AGE"] == 0


def test_postgresql_over_a_unix_socket():
    assert database("postgres://u@%2Frun%2Fpg/n")["HOST"] == "/run/pg"


@pytest.mark.parametrize(
    "url", ["mysql://u@h/n", "nonsense", "postgres://h:port/n", "oracle://h/n"]
)
def test_other_databases_are_refused(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL must"):
        database(url)


def test_statements_are_prepared_unless_a_pooler_forbids_it(monkeypatch):
    assert database("postgres://u:p@h/n")["OPTIONS"]["prepare_threshold"] == 5
    monkeypatch.setenv("DATABASE_PREPARE", "0")
    assert database("postgres://u:p@h/n")["OPTIONS"]["prepare_threshold"] is None


def test_a_pool_turned_over_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_MIN", "8")
    monkeypatch.setenv("DATABASE_POOL_MAX", "7")
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_POOL_MIN must"):
        database("postgres://u:p@h/n")


def test_without_redis_the_layer_is_in_process_and_drops_nothing():
    config = channel_layer("")
    assert config["BACKEND"] == "channels.layers.InMemoryChannelLayer"
    assert config["CONFIG"]["capacity"] == 100_000
    assert config["CONFIG"]["group_expiry"] > 365 * 86_400


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "/run/redis.sock"])
def test_what_is_no_redis_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL must"):
        channel_layer(url)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"DEBUG": "maybe"}, "DEBUG must be 1 or 0"),
        ({"DEBUG": "1", "FRAME_LIMIT": "lots"}, "FRAME_LIMIT must be a whole number"),
        ({"DEBUG": "1", "MESSAGE_RATE": "0"}, "MESSAGE_RATE must be a number of at least 0.01"),
        ({"DEBUG": "1", "LOG_LEVEL": "loud"}, "LOG_LEVEL must be DEBUG, INFO,"),
        ({"DEBUG": "1", "DATABASE_URL": "x"}, "DATABASE_URL must look like"),
    ],
)
def test_manage_says_what_is_wrong_in_one_line(variables, message):
    done = manage(**variables)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def manage(folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs `manage.py check` with just these variables, which `BARE` adds to."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=folder,
        env={**BARE, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_key_there_are_two_ways_and_both_work(tmp_path):
    refused = manage()
    assert refused.returncode == 1
    first, debug, site, command = refused.stderr.splitlines()
    assert first == "SECRET_KEY must be set. There are two ways:"
    assert "DEBUG=1" in debug
    assert ".env" in site
    assert manage(DEBUG="1").returncode == 0

    shutil.copy(ROOT / ".env.example", tmp_path)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert re.search(r"^SECRET_KEY=[-\w]{50,}$", (tmp_path / ".env").read_text(), re.MULTILINE)
    done = manage(ENV_FILE=str(tmp_path / ".env"))
    assert done.returncode == 0, done.stderr


# --- the file .env -------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    """A folder with manage.py, beside which there may be a .env."""
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


def complaint(folder: Path, **variables: str) -> str:
    """Return the error about the settings: the fastest way to see which of them were read."""
    done = manage(folder, PYTHONPATH=str(ROOT), **variables)
    assert done.returncode == 1
    return done.stderr


def test_manage_reads_the_env_file_beside_it(checkout, monkeypatch):
    monkeypatch.delitem(BARE, "ENV_FILE")
    assert "SECRET_KEY" in complaint(checkout)
    (checkout / ".env").write_text("# for today\nDEBUG=1\nLOG_LEVEL='${DEBUG} loud'\n")
    assert "LOG_LEVEL must be" in complaint(checkout)


def test_the_environment_wins_even_where_it_is_empty(checkout, monkeypatch):
    monkeypatch.delitem(BARE, "ENV_FILE")
    (checkout / ".env").write_text("DEBUG=1\nLOG_LEVEL=loud\nTIME_ZONE=nowhere\nFRAME_LIMIT=x")
    assert "FRAME_LIMIT must be" in complaint(checkout, LOG_LEVEL="INFO", TIME_ZONE="")
    assert "SECRET_KEY" in complaint(checkout, DEBUG="")


def test_another_file_may_be_named_and_none(checkout):
    (checkout / ".env").write_text("DEBUG=maybe")
    (checkout / "other").write_text("DEBUG=perhaps")
    assert "'perhaps'" in complaint(checkout, ENV_FILE="other")
    assert "SECRET_KEY" in complaint(checkout, ENV_FILE="")


def test_a_named_file_that_is_not_there_is_told(checkout):
    wrong = complaint(checkout, ENV_FILE="nowhere")
    assert wrong == "Cannot read the settings in nowhere: No such file or directory.\n"


def test_production_is_strict_by_default():
    found = settings(
        "DEBUG",
        "ALLOWED_HOSTS",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        **PRODUCTION,
    )
    assert found == [False, ["peerchat.example.edu"], True, True, True, 31_536_000]


def test_tls_can_be_switched_off_for_a_site_without_it():
    found = settings(
        "SESSION_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        HTTPS="0",
        **PRODUCTION,
    )
    assert found == [False, False, 0]


def test_debug_needs_nothing_else():
    found = settings("DEBUG", "SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT", DEBUG="1")
    assert found == [True, False, False]


def test_check_deploy_is_clean_with_the_settings_for_nginx(tmp_path):
    """The settings are those of .env.example, apart from the secrets."""
    example = (ROOT / ".env.example").read_text()
    for name, value in (PRODUCTION | {"METRICS_TOKEN": "secret"}).items():
        example, found = re.subn(rf"(?m)^(# )?{name}=.*$", f"{name}={value}", example)
        assert found == 1
    (tmp_path / "env").write_text(example)
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"],
        cwd=ROOT,
        env={**BARE, "ENV_FILE": str(tmp_path / "env")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_every_variable_is_described_and_nothing_else():
    source = (ROOT / "peerchat" / "settings.py").read_text()
    read = set(re.findall(r'\benv(?:bool|int|float|list|origins?|path)?\(\s*"([A-Z_]+)"', source))
    read |= {limit.name for limit in LIMITS}
    example = (ROOT / ".env.example").read_text()
    described = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, flags=re.MULTILINE))
    assert described == read


@pytest.mark.parametrize("limit", LIMITS, ids=[limit.name for limit in LIMITS])
def test_the_example_shows_the_default_of_each_limit(limit):
    example = (ROOT / ".env.example").read_text()
    default = limit.default if isinstance(limit.default, int) else f"{limit.default:g}"
    assert f"\n# {limit.name}={default}\n" in example


# --- e-mail --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://me:p%40ss@mail.example.edu", ["mail.example.edu", 587, "me", "p@ss", True, False]),
        ("smtps://mail.example.edu", ["mail.example.edu", 465, "", "", False, True]),
        ("smtp+plain://[::1]:2525", ["::1", 2525, "", "", False, False]),
    ],
)
def test_the_mail_server_is_one_address(url, expected):
    found = mail.server(url, debug=False)
    assert found.backend == "django.core.mail.backends.smtp.EmailBackend"
    assert list(found[1:]) == expected


def test_without_a_mail_server_nothing_is_sent_or_with_debug_printed():
    assert mail.server("", debug=False).backend.endswith(".dummy.EmailBackend")
    assert mail.server("", debug=True).backend.endswith(".console.EmailBackend")


@pytest.mark.parametrize(
    "url", ["mail.example.edu", "http://u:secret@h", "smtp://", "smtp://h:port", "smtp://h/?tls=1"]
)
def test_a_wrong_mail_server_stops_the_process_and_is_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL must look like") as caught:
        mail.server(url, debug=False)
    assert "secret" not in str(caught.value)
    with pytest.raises(ImproperlyConfigured, match="DEFAULT_FROM_EMAIL"):
        mail.sender("nobody")
