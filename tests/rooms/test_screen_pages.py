"""The pages of the screen of the hall, its setup over HTTP, and its link."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from rooms.actions import screen as actions
from rooms.actions import session as session_actions
from rooms.models import ClassSession, JoinCode, Screen, UseLog
from rooms.peer.phases import Phase, keeps_bars
from rooms.queries import screen as queries
from rooms.wire.commands import Announce, ShowBars, StartQuestion, StopVote
from rooms.wire.errors import IllegalTransition, NoScreen, PermissionDenied
from tests.rooms.cast import make_question
from tests.rooms.school import EVERYBODY

PAGE = "/courses/physics/screen/"
API = "/api/courses/physics/screen/"


@pytest.fixture
def clients(school):
    """A client of each of the cast, by name, and of `nobody`, who is not logged in."""
    found = {"nobody": Client()}
    for name in EVERYBODY:
        found[name] = Client()
        found[name].force_login(school.person(name))
    return found


@pytest.fixture
def ines(clients):
    return clients["ines"]


def link_on(client: Client) -> str | None:
    """Return the path of the link that the page shows."""
    found = re.search(
        r'value="http://testserver(/screen/[^"]+)"', client.get(PAGE).content.decode()
    )
    return found and found[1]


def test_only_those_who_lead_see_the_page_and_change_anything(clients):
    assert clients["nobody"].get(PAGE).url == f"/accounts/login/?next={PAGE}"
    for name in EVERYBODY:
        leads = name in ("tess", "ines")
        assert clients[name].get(PAGE).status_code == (200 if leads else 404)
        for path, method in ((API, "get"), (f"{API}setup/", "get"), (f"{API}link/", "delete")):
            answer = getattr(clients[name], method)(path)
            assert (answer.status_code < 300) is leads, (name, path)
        for given in ({"do": "make", "days": 7}, {"do": "choose", "shows_partners": "on"}):
            answer = clients[name].post(f"{PAGE}change/", given)
            assert answer.status_code == (302 if leads else 404)
    assert clients["nobody"].post(f"{PAGE}change/", {"do": "end"}).status_code == 302
    assert Screen.objects.get().has_link
    assert Screen.objects.get().shows_partners


def test_a_link_is_made_copied_replaced_and_ended_without_a_script(clients, ines):
    assert link_on(ines) is None
    answer = ines.post(f"{PAGE}change/", {"do": "make", "days": "7"}, follow=True)
    assert '<details class="screen-menu" data-part="menu" data-testid="screen-menu" open' in (
        answer.content.decode()
    )
    first = link_on(ines)
    ends = Screen.objects.get().expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < ends <= timedelta(days=7)
    page = clients["nobody"].get(first)
    assert page.status_code == 200
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    for hidden in ("screen-menu", "csrfmiddlewaretoken", "screen-link", "/instructor/"):
        assert hidden in ines.get(PAGE).content.decode()
        assert hidden not in page.content.decode()
    assert link_on(clients["tess"]) == first

    ines.post(f"{PAGE}change/", {"do": "make", "days": "nonsense"})
    second = link_on(ines)
    assert second != first
    assert Screen.objects.get().expires_at < timezone.now() + timedelta(days=1)
    assert clients["nobody"].get(first).status_code == 404
    assert clients["nobody"].get(second).status_code == 200
    ines.post(f"{PAGE}change/", {"do": "end"})
    assert link_on(ines) is None
    ended = clients["nobody"].get(second)
    assert ended.status_code == 404
    assert "screen-ended" in ended.content.decode()
    assert "Physics" not in ended.content.decode()
    # What has ended may be ended again.
    assert ines.post(f"{PAGE}change/", {"do": "end"}).status_code == 302


def test_the_setup_and_the_link_over_http(clients, ines):
    assert ines.get(f"{API}setup/").json() == {
        "shows_partners": False,
        "link": None,
        "expires_at": None,
    }
    json = {"content_type": "application/json"}
    changed = ines.patch(f"{API}setup/", {"shows_partners": True}, **json)
    assert changed.json()["shows_partners"] is True
    for body in ({"shows_partners": "yes"}, {}, {"shows_partners": True, "link": "x"}):
        assert ines.patch(f"{API}setup/", body, **json).status_code == 400
    for body in ({"days": 2}, {"days": "1"}, {"days": 1, "course": "x"}):
        assert ines.post(f"{API}link/", body, **json).status_code == 400
    made = ines.post(f"{API}link/", {"days": 180}, **json)
    assert made.status_code == 201
    link = made.json()["link"]
    assert link == link_on(ines)
    secret = link.split("/")[2]

    def ask(given):
        return clients["nobody"].get("/api/screen/", headers={"Authorization": given})

    shown = ask(f"Screen {secret}")
    assert shown.status_code == 200
    assert shown["Cache-Control"] == "no-store"
    time = {"server_time": 0}
    assert shown.json() | time == ines.get(API).json() | time
    for given in ("", secret, f"Bearer {secret}", "Screen", f"Screen {secret}x", "Screen ü"):
        assert ask(given).status_code == 403
    # A session opens nothing there, and the secret nothing elsewhere.
    assert ines.get("/api/screen/").status_code == 403
    for path in (API, f"{API}setup/", "/api/courses/", "/api/courses/physics/state/"):
        for scheme in ("Screen", "Bearer"):
            answer = clients["nobody"].get(path, headers={"Authorization": f"{scheme} {secret}"})
            assert answer.status_code == 401
    assert ines.delete(f"{API}link/").status_code == 204
    assert ask(f"Screen {secret}").status_code == 403


def test_an_archived_course_gets_no_new_link(school, ines):
    made = actions.make_link(user=school.ines, course="physics", days=1)
    school.course.archived_at = timezone.now()
    school.course.save()
    with pytest.raises(PermissionDenied):
        actions.make_link(user=school.ines, course="physics", days=1)
    with pytest.raises(PermissionDenied):
        actions.choose(user=school.ines, course="physics", shows_partners=True)
    # The link that it has shows the screen as before, and can end.
    assert queries.linked_screen(queries.link_secret(made)).course == school.course
    actions.end_link(user=school.ines, course="physics")
    made.refresh_from_db()
    assert not made.has_link


def test_no_link_can_be_made_from_what_is_stored(school):
    made = actions.make_link(user=school.ines, course="physics", days=1)
    for guess in (made.nonce, f"{made.nonce}.", f".{made.nonce}", f"{made.nonce}.{made.nonce}"):
        with pytest.raises(NoScreen):
            queries.linked_screen(guess)


def test_the_code_to_join_is_drawn(clients):
    drawn = clients["nobody"].get("/screen/qr/ABCDEF.svg")
    assert drawn["Content-Type"] == "image/svg+xml"
    assert drawn.content.startswith(b'<svg xmlns="http://www.w3.org/2000/svg"')
    for code in ("abcdef", "ABCDE", "ABCDEFG", "ABCDEI", "%22%3E%3Csvg"):
        assert clients["nobody"].get(f"/screen/qr/{code}.svg").status_code == 404


def test_the_code_is_shown_while_joining_is_open(school):
    def shown():
        return queries.screen(school.course).join_code

    assert shown() is None
    now = timezone.now()
    code = JoinCode.objects.create(course=school.course, code="ABCDEF", made_at=now)
    assert shown() is None
    for until, expected in ((now, None), (now + timedelta(hours=1), "ABCDEF")):
        code.open_until = until
        code.save()
        assert shown() == expected


def test_an_announcement_is_shown_for_a_while(school):
    def shown():
        found = queries.screen(school.course).announcement
        return found and found.text

    for number, text in enumerate(("One", "Two")):
        command = Announce(uuid=f"say-{number}", text=text)
        session_actions.control(user=school.ines, course="physics", command=command)
        assert shown() == text
    messages = school.room.messages.order_by("seq")
    messages.filter(text="Two").update(removed_at=timezone.now())
    assert shown() == "One"
    messages.update(created_at=timezone.now() - queries.ANNOUNCED_FOR)
    assert shown() is None


def test_show_bars_is_one_change_and_is_logged(school):
    make_question(school.course, "force")

    def do(command):
        return session_actions.control(user=school.ines, course="physics", command=command)

    with pytest.raises(IllegalTransition):
        do(ShowBars(uuid="a"))
    do(StartQuestion(uuid="b", question="force"))
    before = ClassSession.objects.get()
    for number in range(2):
        do(ShowBars(uuid=f"c{number}"))
    after = ClassSession.objects.get()
    assert (after.epoch, after.revision) == (before.epoch, before.revision + 1)
    assert after.shows_bars
    with pytest.raises(IllegalTransition):
        do(ShowBars(uuid="d", epoch=after.epoch - 1, shown=False))
    do(StopVote(uuid="e"))
    assert ClassSession.objects.get().shows_bars
    do(ShowBars(uuid="f", shown=False))
    assert not ClassSession.objects.get().shows_bars
    rows = UseLog.objects.filter(event="peer", act__contains="bars").order_by("id")
    assert [(row.act, row.sid, row.div_id) for row in rows] == [
        ("show_bars", "ines", "force"),
        ("hide_bars", "ines", "force"),
    ]


def test_the_bars_go_where_students_begin_to_vote():
    kept = {(one, other) for one in Phase for other in Phase if keeps_bars(one, other)}
    assert (Phase.VOTE, Phase.VOTE) in kept
    assert (Phase.VOTE_CLOSED, Phase.DISCUSS) in kept
    assert not kept & {
        (Phase.VOTE_CLOSED, Phase.VOTE),
        (Phase.DISCUSS, Phase.REVOTE),
        (Phase.REVOTE_CLOSED, Phase.REVOTE),
        (Phase.VOTE_CLOSED, Phase.IDLE),
    }
