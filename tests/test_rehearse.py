"""`manage.py rehearse` against real servers: the whole job of the site, with a hundred students."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from accounts.models import Token, User
from rooms.actions.enrollment import enroll
from rooms.models import Course, Guest, UseLog
from tests import migrated
from tests.running import Site, environment, manage

CHECKS = [
    "every socket counts as open",
    "nothing was taken after the close of round 1",
    "every vote of round 1 counts",
    "every student is online",
    "every student has a partner",
    "every student received the partners and their answers",
    "as many groups as possible have different answers",
    "every message is stored once",
    "exactly the partners see each message, once and in order",
    "nothing was taken after the close of round 2",
    "every vote of round 2 counts",
    "the figures show the changed votes",
    "the answer arrived with the reveal and not before",
    "every client saw each transition once, with consecutive epochs",
]
GRACE = {"CLOSE_GRACE": "2"}
"""Seconds after a close in which unsent choices still arrive, as on a real site."""


def checks(output):
    """Return (word, claim, result) of each check that was printed."""
    return re.findall(r"^  (ok|FAILED) +(.+?): (.+)$", output, re.MULTILINE)


def test_a_class_of_sixty_on_two_workers(site):
    running = site(workers=2, env=environment(**GRACE))
    done = manage(
        *("rehearse", "--students=60", "--vote-within=2", "--workers=2", f"--url={running.url}"),
        measured=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {claim: how for _, claim, how in checks(done.stdout)}
    spread = found.pop("the sockets are spread over 2 worker(s)")
    assert spread.startswith("2 with ")
    assert list(found) == CHECKS
    assert {word for word, _, _ in checks(done.stdout)} == {"ok"}
    assert found["every vote of round 1 counts"].startswith("60 cast, 60 stored, 60 in the")
    for number in (1, 2):
        assert found[f"nothing was taken after the close of round {number}"] == (
            "6 students had chosen and not voted, 6 of their drafts arrived in time, "
            "12 of 12 late tries were refused"
        )
    assert found["every student has a partner"] == "30 groups of 2"
    assert found["every message is stored once"] == "180 expected, 180 stored"
    assert done.stdout.endswith("All 15 checks passed.\n")

    done = manage(
        *("rehearse", "--join", "--students=30", "--log-in-within=3", f"--url={running.url}"),
        measured=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(word, claim) for word, claim, _ in checks(done.stdout)] == [
        ("ok", "every guest is in the class"),
        ("ok", "nobody was refused"),
        ("ok", "each is there once"),
        ("ok", "nobody needed longer than 10 s"),
    ]
    assert running.log.read_text() == ""
    for model in (Course, User, Token, UseLog, Guest, Session):
        assert not model.objects.exists()


@pytest.fixture(scope="module")
def on_sqlite(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in one process, on a database of its own."""
    folder = tmp_path_factory.mktemp("on-sqlite")
    env = environment(DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", REDIS_URL="", **GRACE)
    migrated.copy_sqlite(folder / "db.sqlite3")
    with Site(folder, env=env) as running:
        yield running


# The checks are those of the test above; browsers and terminals use such sites in other tests.
@pytest.mark.long
def test_a_small_class_on_sqlite_in_one_process(on_sqlite):
    done = manage(
        *("rehearse", "--students=21", "--vote-within=1", f"--url={on_sqlite.url}"),
        env=on_sqlite.env,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(word, claim) for word, claim, _ in checks(done.stdout)] == [
        ("ok", claim) for claim in CHECKS
    ]
    assert "9 groups of 2, 1 groups of 3" in done.stdout


@pytest.mark.long
def test_what_it_made_is_removed_again_unless_a_check_fails(site):
    url = f"--url={site(env=environment(**GRACE)).url}"
    done = manage("rehearse", "--students=3", "--vote-within=0", url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 groups of 3" in done.stdout
    for model in (Course, User, Token, UseLog):
        assert not model.objects.exists()

    done = manage(
        "rehearse",
        *("--students=2", "--vote-within=0", "--workers=2", "--course=trial", "--messages=1"),
        url,
    )
    assert done.returncode == 1
    assert [claim for word, claim, _ in checks(done.stdout) if word == "FAILED"] == [
        "the sockets are spread over 2 worker(s)"
    ]
    assert done.stderr == "CommandError: 1 of 15 checks failed.\n"
    assert "The course trial and its users remain; their tokens have been deleted." in done.stdout
    assert Course.objects.get().slug == "trial"
    assert not Token.objects.exists()
    assert done.stdout.endswith("Remove them with: manage.py rehearse --remove trial\n")

    with pytest.raises(CommandError) as refused:
        call_command("rehearse", "--course=trial")
    assert str(refused.value) == "The course trial already exists. Choose another slug."

    # A real user was enrolled in it, and a real course has a name like it.
    ada = User.objects.create_user("ada")
    enroll(course=Course.objects.get(), users=[ada], role="instructor")
    enroll(course=Course.objects.create(slug="trial-2", title="Rehearsal"), users=[ada])
    out = StringIO()
    call_command("rehearse", "--remove=trial", stdout=out)
    assert out.getvalue() == "The course trial and its 3 users have been removed.\n"
    assert [course.slug for course in Course.objects.all()] == ["trial-2"]
    assert list(User.objects.all()) == [ada]
    assert not UseLog.objects.filter(course_id="trial").exists()
    with pytest.raises(CommandError, match=r"^No rehearsal left a course trial behind\.$"):
        call_command("rehearse", "--remove=trial")


@pytest.mark.long
def test_a_class_with_bad_habits(site):
    """The discussions of the short form are shorter than the time that anybody may be alone, but
    longer than the students of this site wait for a partner who is gone."""
    running = site(workers=2, env=environment(PARTNER_GONE_AFTER="2"))
    done = manage(
        "rehearse",
        *("--habits", "--seed=1", "--students=24", "--discuss=6"),
        f"--url={running.url}",
        within=240,
        measured=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = checks(done.stdout)
    assert [(word, claim) for word, claim, _ in found] == [
        ("ok", "no student was alone for more than 25 s"),
        ("ok", "no snapshot was older than what its socket already had"),
        ("ok", "no vote came after the close"),
        ("ok", "exactly the acknowledged votes count, and the figures show them"),
    ]
    assert not Course.objects.exists()


@pytest.mark.long
def test_a_server_with_another_database(on_sqlite, transactional_db):
    with pytest.raises(CommandError) as refused:
        call_command("rehearse", "--students=2", f"--url={on_sqlite.url}", stdout=StringIO())
    assert str(refused.value).endswith(
        "The site refused the socket (HTTP 403). Does the server use the database of this command?"
    )


def test_a_site_that_is_not_there(transactional_db):
    with pytest.raises(CommandError) as refused:
        call_command("rehearse", "--url=http://127.0.0.1:1", stdout=StringIO())
    assert str(refused.value).startswith("ws://127.0.0.1:1/ws/chat/: Cannot reach the site: ")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--url=127.0.0.1:8000"], "The URL must look like http://127.0.0.1:8000, not "),
        (["--students=1"], "--students must be at least 2."),
        (["--questions=11"], "--questions must be between 1 and 10."),
        (["--beside=1"], "--beside must be at least 2 and --log-in-within at least 0."),
        (["--log-in-within=-1"], "--beside must be at least 2 and --log-in-within at least 0."),
        (["--unsent=101"], "--unsent must be between 0 and 100."),
        (["--students=99999999"], "100000000 sockets need 100000100 file descriptors"),
    ],
)
def test_what_cannot_be_done(db, arguments, error):
    with pytest.raises(CommandError) as refused:
        call_command("rehearse", *arguments)
    assert str(refused.value).startswith(error)
