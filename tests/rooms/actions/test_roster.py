"""Importing a roster: whom it finds, what it makes, and that nothing is half done."""

import pytest
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.links import BadLink
from accounts.models import User
from rooms.actions import roster
from rooms.actions.enrollment import enroll, unenroll
from rooms.actions.roster import accept_invitation, find_invitation, import_roster, invite
from rooms.models import Enrollment, Invitation, Membership, RosterEntry
from rooms.peer.roster import read_list
from rooms.queries.roster import Outcome, plan, waiting
from rooms.wire.errors import PermissionDenied

pytestmark = pytest.mark.django_db


def outcomes(planned) -> list[str]:
    return [str(one.outcome) for one in planned.lines]


def run(school, text, **options):
    return import_roster(course=school.course, lines=read_list(text), **options)


def students(course) -> set[str]:
    found = Enrollment.objects.filter(course=course, role="student")
    return set(found.values_list("user__username", flat=True))


def test_each_line_is_what_the_preview_said(school):
    User.objects.filter(username="zoe").update(email="Zoe@Example.org")
    User.objects.filter(username="ada").update(email="ada@example.org")
    text = (
        "Name;E-Mail;Benutzername\nZ;zoe@example.org;\n;ADA@example.org;\n;;ivan\n"
        "Eve Poe;eve.poe@example.org;\nEve Poe;Eve.Poe@example.org;\n;eve.poe@example.com;\n;;fay\n"
    )
    before = plan(school.course, read_list(text))
    assert outcomes(before) == [
        *("enrol", "here", "enrol"),
        *("invite", "repeated", "invite", "invite"),
    ]
    assert [one.sentence for one in before.lines][4] == "Is the same person as in line 5."
    assert User.objects.count() == 7
    done = run(school, text)
    assert outcomes(done) == outcomes(before)
    assert students(school.course) == {
        *("ada", "bea", "carl", "zoe", "ivan", "eve.poe", "eve.poe2", "fay"),
    }
    eve = User.objects.get(username="eve.poe")
    assert (eve.email, eve.display_name) == ("eve.poe@example.org", "Eve Poe")
    assert eve.password.startswith(UNUSABLE_PASSWORD_PREFIX)
    assert Membership.objects.filter(room=school.room, user=eve).exists()
    assert set(
        RosterEntry.objects.filter(made_user=True).values_list("user__username", flat=True)
    ) == {
        *("eve.poe", "eve.poe2", "fay"),
    }


def test_the_same_list_again_changes_nothing(school):
    text = "Eve;eve@example.org\nFay;fay@example.org"
    run(school, text)
    rows = [
        list(model.objects.order_by("pk").values()) for model in (User, Enrollment, RosterEntry)
    ]
    assert outcomes(run(school, text)) == ["here", "here"]
    assert rows == [
        list(model.objects.order_by("pk").values()) for model in (User, Enrollment, RosterEntry)
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Ada Lovelace", "address is not valid"),
        ("two@example.org", "Several accounts have this address"),
        ("gone@example.org", "not active"),
        ("a\u202e@example.org", "invisible characters"),
    ],
)
def test_a_line_that_cannot_be_done_stops_all(school, line, why):
    for name in ("one", "two"):
        User.objects.create_user(name, email="two@example.org")
    User.objects.create_user("gone", email="gone@example.org", is_active=False)
    users = User.objects.count()
    result = run(school, f"eve@example.org\n{line}\n", remove_missing=True)
    assert outcomes(result) == ["invite", "refused"]
    assert why in result.lines[1].sentence
    assert User.objects.count() == users
    assert students(school.course) == {"ada", "bea", "carl"}


def test_an_archived_course_takes_nobody(school):
    school.course.archived_at = timezone.now()
    school.course.save()
    with pytest.raises(PermissionDenied):
        run(school, "eve@example.org")
    assert not User.objects.filter(email="eve@example.org").exists()


def test_only_students_of_an_earlier_roster_are_removed(school):
    run(
        school,
        "E-Mail;Login\neve@example.org\nfay@example.org\ngus@example.org\nhal@example.org\n;zoe",
    )
    lead = User.objects.get(username="fay")
    enroll(course=school.course, users=[lead], role="assistant")
    # Gus left and came back by himself.
    gus = User.objects.get(username="gus")
    unenroll(course=school.course, users=[gus])
    enroll(course=school.course, users=[gus])
    result = run(school, "eve@example.org\nida@example.org", remove_missing=True)
    gone = {enrollment.user.username for enrollment in result.removed}
    assert gone == {"hal", "zoe"}
    assert students(school.course) == {"ada", "bea", "carl", "eve", "gus", "ida"}
    assert school.enrollment(lead).role == "assistant"


def test_a_list_of_nobody_removes_nobody(school):
    run(school, "eve@example.org")
    assert run(school, "Name;E-Mail\n", remove_missing=True).removed == []
    assert "eve" in students(school.course)


def test_a_thousand_people_take_as_many_queries_as_ten(school):
    def count(size, tag):
        text = "\n".join(f"P {n};p{n}@{tag}.example.org" for n in range(size))
        with CaptureQueriesContext(connection) as queries:
            assert len(run(school, text).having(Outcome.INVITE)) == size
        return len(queries)

    run(school, "first@example.org")
    few = count(10, "few")
    # Rows are stored 500 at a time, and each name is taken already.
    assert count(1_000, "many") <= few + 8
    assert Enrollment.objects.filter(course=school.course).count() == 5 + 1 + 1_010
    with CaptureQueriesContext(connection) as queries:
        assert len(invite(course=school.course, kind="print")) == 1_011
        assert len(waiting(school.course)) == 1_011
    assert len(queries) <= 12
    # No password was hashed for any of them.
    made = User.objects.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    assert made.filter(peerchat_enrollments__course=school.course).count() == 1_011


@pytest.fixture
def eve(school):
    run(school, "Name;E-Mail;Login\nEve;eve@example.org;\n;;fay")
    return User.objects.get(username="eve")


def test_an_invitation_opens_one_account_once(school, eve):
    (mailed,) = invite(course=school.course, kind="mail")
    assert mailed.user == eve  # fay has no address
    printed = invite(course=school.course, kind="print", users=[eve.pk])[0]
    assert mailed.secret not in str(list(Invitation.objects.values()))
    digests = [roster.digest_of(one.secret) for one in (mailed, printed)]
    assert {find_invitation(digest).user for digest in digests} == {eve}
    accept_invitation(digest=digests[0], password="hash")
    eve.refresh_from_db()
    assert eve.password == "hash"
    # That one was used, and the other is of no more use.
    for digest in digests:
        with pytest.raises(BadLink):
            accept_invitation(digest=digest, password="other")
    assert [one.user.username for one in waiting(school.course)] == ["fay"]


@pytest.mark.parametrize(
    "change",
    [
        {"last_login": timezone.now()},
        {"password": "pbkdf2_sha256$1$a$b"},
        {"is_staff": True},
        {"is_superuser": True},
        {"is_active": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_account_that_is_no_longer_new_has_no_link(school, eve, change):
    (made,) = invite(course=school.course, kind="print", users=[eve.pk])
    User.objects.filter(pk=eve.pk).update(**change)
    with pytest.raises(BadLink):
        find_invitation(roster.digest_of(made.secret))
    assert invite(course=school.course, kind="mail") == []


def test_whoever_left_the_course_has_no_link(school, eve):
    (made,) = invite(course=school.course, kind="print", users=[eve.pk])
    unenroll(course=school.course, users=[eve])
    with pytest.raises(BadLink):
        find_invitation(roster.digest_of(made.secret))


def test_a_new_link_ends_the_one_before_and_the_old_one_expires(school, eve):
    first, second = (invite(course=school.course, kind="print", users=[eve.pk])[0] for _ in "ab")
    with pytest.raises(BadLink):
        find_invitation(roster.digest_of(first.secret))
    assert find_invitation(roster.digest_of(second.secret)).user == eve
    Invitation.objects.update(expires_at=timezone.now())
    with pytest.raises(BadLink):
        find_invitation(roster.digest_of(second.secret))


def test_lecturers_hold_links_only_to_accounts_that_their_own_roster_made(school, eve):
    import_roster(
        course=school.other_course, lines=read_list("E-Mail;Login\neve@example.org\n;ada")
    )
    assert invite(course=school.other_course, kind="print") == []
    # Her own address may get one all the same.
    assert [one.user for one in invite(course=school.other_course, kind="mail")] == [eve]
