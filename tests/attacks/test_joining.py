"""Joining: guesses at codes, links and cookies; removed guests; people of other courses."""

import asyncio
import secrets
import time
from collections import Counter

import pytest

from accounts.models import WrongCodes
from rooms.actions import guests, joining
from rooms.actions.guesses import SPAN
from rooms.conf import limits
from rooms.models import Enrollment, Exclusion, Guest, JoinCode
from tests.attacks.web import SECRET, fingerprint
from tests.rooms.cast import in_thread, make_question
from tests.rooms.lesson import lead


@pytest.fixture
async def code(cast):
    """Open joining, from an address that nobody here has."""
    yield await in_thread(
        joining.open_joining, user=cast.ines.user, course=cast.course.slug, address="192.0.2.9"
    )
    # The other tests come from the same address.
    WrongCodes.objects.all().delete()


async def join(visit, code, name="Lola"):
    """Return a visitor who has joined as a guest, and the guest."""
    visitor = visit()
    answer = await visitor.send("POST", f"/join/{code.code}/", form={"name": name}, csrf=True)
    assert answer.status == 302, answer.text
    guest = Guest.objects.select_related("user").order_by("-pk").first()
    return visitor, guest.user


def a_wrong_code(right):
    while True:
        made = "".join(secrets.choice(JoinCode.ALPHABET) for _ in range(JoinCode.LENGTH))
        if made != right:
            return made


async def test_guesses_end_at_all_workers_together(cast, code, visit):
    """The guesses go to both workers, and by every way in which a code can be tried."""
    most = limits["WRONG_CODES_PER_ADDRESS"]

    async def guess(number):
        wrong = a_wrong_code(code.code)
        if number % 3 == 0:
            return (await visit().get(f"/join/{wrong}/")).status
        if number % 3 == 1:
            form = {"code": wrong}
            return (await visit().send("POST", "/join/", form=form, csrf=True)).status
        return (await visit().send("POST", "/api/join/", body={"code": wrong, "name": "x"})).status

    def forget() -> float:
        WrongCodes.objects.all().delete()
        return time.time() // SPAN

    span = None
    while span != time.time() // SPAN:  # once more if the counts began anew in between
        span = await in_thread(forget)
        statuses: Counter[int] = Counter()
        for first in range(0, most + 40, 8):
            statuses.update(await asyncio.gather(*map(guess, range(first, first + 8))))
    assert set(statuses) == {404, 429}
    # Eight at a time may pass each other.
    assert most <= statuses[404] <= most + 8
    # A right guess is now like a wrong one, also for somebody with an account.
    right = {"code": code.code, "name": "x"}
    for answer in (
        await visit().get(f"/join/{code.code}/"),
        await visit().send("POST", "/api/join/", body=right),
        await visit().send("POST", "/api/join/", body=right, token=cast.zoe.token),
    ):
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) <= 600
    assert not Guest.objects.filter(user__peerchat_enrollments__course=cast.course).exists()
    # Whoever leads the course from this address lets the class in, whoever guesses there.
    path = f"/api/courses/{cast.course.slug}/joining/"
    assert (
        await visit().send("POST", path, body={"open": True}, token=cast.ines.token)
    ).status == 200
    await join(visit, code)


async def test_made_up_cookies_and_links_let_nobody_in(cast, code, visit):
    visitor, guest = await join(visit, code)
    link = await in_thread(guests.new_link, user=guest)
    row = Guest.objects.get(user=guest)
    device = visitor.cookies["peerchat_place"]
    wrong = [
        *(row.device, row.link, device[:-1], link[:-1], link + "a", device.swapcase()),
        *("", "0", "a" * 43, "a" * 4000, "%00", "ä" * 40, "' OR 1=1 --" * 4),
    ]
    for secret in wrong:
        fresh = visit()
        answer = await fresh.send("POST", "/join/back/", form={"place": secret}, csrf=True)
        assert answer.status == 404
        assert "sessionid" not in fresh.cookies
    for secret in (*(one for one in wrong if one.isascii()), link):
        headers = {"Cookie": f"peerchat_place={secret}; csrftoken={SECRET}"}
        answer = await visit().get(f"/join/{code.code}/", headers=headers)
        assert answer.status == 200
        assert guest.shown_name not in answer.text
    # The secret of the device is none of a link, nor of a session.
    assert (await visit().get(f"/join/back/?place={device}")).status == 404
    for key in (device, link):
        headers = {"Cookie": f"sessionid={key}"}
        assert (await visit().get("/api/courses/", headers=headers)).status == 401
    right = visit()
    assert (await right.send("POST", "/join/back/", form={"place": link}, csrf=True)).status == 302
    assert (await right.get("/api/courses/")).status == 200


async def test_a_removed_guest_is_out_at_once(cast, code, visit):
    visitor, guest = await join(visit, code)
    link = await in_thread(guests.new_link, user=guest)
    site = cast.hall.site.origin
    sockets = [
        await cast.connect(
            "/ws/chat/", cookie=visitor.cookies["sessionid"], origin=site, worker=worker
        )
        for worker in (0, 1)
    ]
    for socket in sockets:
        await socket.event("welcome")
    path = f"/api/courses/{cast.course.slug}/people/{guest.username}/"
    assert (await visit().send("DELETE", path, token=cast.ines.token)).status == 204
    for socket in sockets:
        assert await socket.closed() == 4401
    assert (await visitor.get("/api/courses/")).status == 401
    assert (await visitor.get(f"/courses/{cast.course.slug}/")).status == 302
    assert (
        await visit().send("POST", "/join/back/", form={"place": link}, csrf=True)
    ).status == 404
    for name in ("Lola", "Otto"):
        answer = await visitor.send("POST", f"/join/{code.code}/", form={"name": name}, csrf=True)
        assert answer.status == 403
    body = {"code": code.code, "name": "Lola", "device": visitor.cookies["peerchat_place"]}
    assert (await visit().send("POST", "/api/join/", body=body)).status == 403
    assert not Enrollment.objects.filter(user=guest).exists()
    assert Exclusion.objects.filter(user=guest, code=code.code).exists()


async def test_nobody_reads_or_changes_the_people_of_others(cast, code, visit):
    visitor, guest = await join(visit, code)
    token = (await _as_program(visit, code))["token"]
    before = fingerprint(cast)
    base = f"/api/courses/{cast.course.slug}"
    requests = (
        ("GET", f"{base}/people/", None),
        ("GET", f"{base}/joining/", None),
        ("POST", f"{base}/joining/", {"renew": True}),
        ("POST", f"{base}/merges/", {"username": guest.username, "into": cast.ada.name}),
        ("DELETE", f"{base}/people/{cast.ada.name}/", None),
    )
    for by in (cast.ivan.token, cast.zoe.token, cast.ada.token, token):
        for method, path, body in requests:
            answer = await visit().send(method, path, body=body, token=by)
            assert answer.status == 403, path
            assert code.code not in answer.text
            assert guest.username not in answer.text
    page = f"/courses/{cast.course.slug}/people/"
    for one in (visitor, visit(cast.ada), visit(cast.ivan), visit(cast.zoe)):
        assert (await one.get(page)).status == 404
        form = {"action": "remove", "username": cast.ada.name}
        assert (await one.send("POST", page, form=form, csrf=True)).status == 404
    # An instructor cannot reach into their own course for somebody else's guest.
    own = f"/api/courses/{cast.other_course.slug}"
    body = {"username": guest.username, "into": cast.ivan.name}
    for method, path, given in (
        ("POST", f"{own}/merges/", body),
        ("DELETE", f"{own}/people/{guest.username}/", None),
    ):
        answer = await visit().send(method, path, body=given, token=cast.ivan.token)
        assert answer.status == 400
    assert fingerprint(cast) == before


async def test_joining_tells_nothing_of_the_class(cast, code, visit):
    """Whoever has only the code sees the title, and nothing of people, questions or answers."""
    make_question(cast.course, "secret-question")
    await lead(await cast.dashboard(), "vote")
    answer = await visit().get(f"/join/{code.code}/")
    place = await _as_program(visit, code)
    visitor, _ = await join(visit, code)
    pages = [
        answer.text,
        str(place),
        (await visitor.get("/")).text,
        (await visitor.get(f"/courses/{cast.course.slug}/?welcome")).text,
        (await visitor.get("/join/place/")).text,
    ]
    for page in pages:
        for secret in ("secret-question", "data-right", "correct", cast.ada.name, "choice B"):
            assert secret not in page


async def test_the_secret_of_a_link_is_in_no_log_and_no_table(cast, code, visit):
    visitor, guest = await join(visit, code)
    link = await in_thread(guests.new_link, user=guest)
    await visit().get(f"/join/back/?place={link}")
    await visit().send("POST", "/join/back/", form={"place": link}, csrf=True)
    log = cast.hall.site.log.read_text()
    assert "/join/back/" in log
    for secret in (link, visitor.cookies["peerchat_place"]):
        assert secret not in log
        assert secret not in str(list(Guest.objects.values()))


async def _as_program(visit, code):
    body = {"code": code.code, "name": "Program"}
    answer = await visit().send("POST", "/api/join/", body=body)
    assert answer.status == 201
    return answer.body
