"""Links that open accounts: of invitations, of password resets, and of those who sign up.

They are forged, raced for, replayed, kept too long, bent to others and looked for in the logs.
`tests/rooms/pages/test_roster.py` and `tests/accounts/test_sign_up.py` have what they do otherwise.
"""

import asyncio
import secrets
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from rooms.actions.roster import import_roster, invite
from rooms.models import Invitation
from rooms.peer.roster import read_list
from tests.rooms.cast import in_thread

ACCEPT = "/invitation/"
NEW = {"new_password1": "battery staple 7", "new_password2": "battery staple 7"}


@pytest.fixture
def eve(cast) -> User:
    """Somebody whom a roster of the course brought, and who has no password."""
    address = f"eve-{cast.tag}@example.org"
    import_roster(course=cast.course, lines=read_list(f"Eve;{address}"))
    return User.objects.get(email=address)


def secret_of(cast, user: User) -> str:
    (made,) = invite(course=cast.course, kind=Invitation.Kind.PRINT, users=[user.pk])
    return made.secret


def has_password(user: User) -> bool:
    return bool(User.objects.get(pk=user.pk).has_usable_password())


async def test_one_of_many_who_come_at_once_gets_in(cast, visit, eve):
    secret = await in_thread(secret_of, cast, eve)
    visitors = [visit() for _ in range(8)]
    for visitor in visitors:
        assert (await visitor.get(f"{ACCEPT}{secret}/")).location == ACCEPT
    assert not await in_thread(has_password, eve)
    answers = await asyncio.gather(
        *(visitor.send("POST", ACCEPT, form=NEW, csrf=True) for visitor in visitors)
    )
    assert sorted(answer.status for answer in answers) == [302] + [410] * 7
    for visitor in (visit(), visit(cast.ada)):
        assert (await visitor.get(f"{ACCEPT}{secret}/")).status == 410


async def test_what_is_not_the_secret_opens_nothing(cast, visit, eve):
    secret = await in_thread(secret_of, cast, eve)
    digest = await in_thread(lambda: Invitation.objects.get(user=eve).digest)
    wrong = [
        *(secret[:-1], f"{secret}A", secret.swapcase(), digest, secrets.token_urlsafe(24)),
        *("x", "0", "%00", "x" * 5_000, "None", "%F0%9F%92%A9", "..%2f..", "set-password"),
    ]
    for one in wrong:
        visitor = visit()
        assert (await visitor.get(f"{ACCEPT}{one}/")).status in (404, 410), one
        assert (await visitor.send("POST", ACCEPT, form=NEW, csrf=True)).status == 410
    assert not await in_thread(has_password, eve)
    # The right one was not harmed by any of this.
    assert (await visit().get(f"{ACCEPT}{secret}/")).status == 302


async def test_it_is_of_no_use_when_the_account_needs_none(cast, visit, eve):
    secret = await in_thread(secret_of, cast, eve)
    visitor = visit()
    await visitor.get(f"{ACCEPT}{secret}/")
    for change in ({"is_staff": True}, {"last_login": timezone.now()}, {"is_active": False}):
        undone = {"is_staff": False, "last_login": None, "is_active": True}
        await in_thread(lambda new=change: User.objects.filter(pk=eve.pk).update(**new))
        assert (await visitor.send("POST", ACCEPT, form=NEW, csrf=True)).status == 410
        await in_thread(lambda old=undone: User.objects.filter(pk=eve.pk).update(**old))
        await visitor.get(f"{ACCEPT}{secret}/")
    await in_thread(lambda: Invitation.objects.update(expires_at=timezone.now()))
    assert (await visitor.send("POST", ACCEPT, form=NEW, csrf=True)).status == 410
    assert not await in_thread(has_password, eve)


async def test_a_session_that_was_planted_is_not_the_one_that_is_logged_in(cast, visit, eve):
    secret = await in_thread(secret_of, cast, eve)
    victim = visit(cast.bea)
    await victim.get(f"{ACCEPT}{secret}/")
    planted = victim.cookies["sessionid"]
    # Without the token of the form nothing happens.
    assert (await victim.send("POST", ACCEPT, form=NEW)).status == 403
    assert (await victim.send("POST", ACCEPT, form=NEW, csrf=True)).status == 302
    assert victim.cookies["sessionid"] != planted
    thief = visit()
    thief.cookies["sessionid"] = planted
    assert (await thief.get(f"/courses/{cast.course.slug}/")).status == 302
    assert (
        f'data-username="{eve.username}"'
        in (await victim.get(f"/courses/{cast.course.slug}/")).text
    )


async def test_secrets_of_links_are_in_no_log(cast, visit, eve):
    secret = await in_thread(secret_of, cast, eve)
    token = default_token_generator.make_token(cast.ada.user)
    uid = urlsafe_base64_encode(force_bytes(cast.ada.user.pk))
    raw = signed_up(cast)
    visitor = visit()
    await visitor.get(f"{ACCEPT}{secret}/")
    await visitor.send("POST", ACCEPT, form={"new_password1": "1"}, csrf=True)
    await visitor.get(f"/accounts/reset/{uid}/{token}/")
    await visitor.get(f"/accounts/sign-up/confirm/?link={raw}")
    log = await in_thread(cast.hall.site.log.read_text)
    assert f"{ACCEPT}(secret)" in log
    for one in (secret, token, raw, NEW["new_password1"]):
        assert one not in log


async def test_a_reset_works_once_for_its_user_until_they_come(cast, visit):
    token = default_token_generator.make_token(cast.ada.user)
    uid, other = (
        urlsafe_base64_encode(force_bytes(person.user.pk)) for person in (cast.ada, cast.ines)
    )
    hidden = f"/accounts/reset/{uid}/set-password/"
    for path in (
        f"{other}/{token}",
        f"{uid}/{token[:-1]}",
        f"{uid}/{token}x",
        f"x/{token}",
        hidden,
    ):
        assert (await visit().get(f"/accounts/reset/{path}/")).status in (404, 410), path
        assert (await visit().send("POST", hidden, form=NEW, csrf=True)).status == 410
    first, second = visit(), visit()
    for visitor in (first, second):
        assert (await visitor.get(f"/accounts/reset/{uid}/{token}/")).location == hidden
    assert (await first.send("POST", hidden, form=NEW, csrf=True)).status == 302
    assert (await second.send("POST", hidden, form=NEW, csrf=True)).status == 410
    assert (await visit().get(f"/accounts/reset/{uid}/{token}/")).status == 410


def signed_up(cast, **changes: Any) -> str:
    given = {"mail": f"fay-{cast.tag}@example.org", "nonce": secrets.token_urlsafe(16), **changes}
    return signing.dumps(given, salt="accounts.pages.sign_up")


async def test_a_confirmed_address_makes_one_account(cast, visit):
    page = f"/accounts/sign-up/confirm/?link={signed_up(cast)}"
    answers = await asyncio.gather(
        *(
            visit().send(
                "POST",
                page,
                form={
                    "display_name": "Fay",
                    "username": f"fay{number}-{cast.tag}",
                    "password": "battery staple 7",
                },
                csrf=True,
            )
            for number in range(6)
        )
    )
    assert sorted(answer.status for answer in answers) == [302] + [410] * 5
    found = User.objects.filter(email=f"fay-{cast.tag}@example.org")
    assert await in_thread(found.count) == 1
    assert (await visit().get(page)).status == 410
