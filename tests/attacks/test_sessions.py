"""Log-ins and log-outs as a browser makes them: fixed sessions, cookies and redirects."""

from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from tests.attacks.web import SECRET, Visitor
from tests.client import Client
from tests.running import Site, environment

PASSWORD = "correct horse"
LOGIN = "/accounts/login/"
# Addresses that lead away from the site, as various parsers read them.
ELSEWHERE = [
    "https://evil.example/",
    "http://evil.example",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "\x00//evil.example",
    " //evil.example",
    "//evil.example%2f@{host}",
    "http://{host}@evil.example/",
    "http://{host}.evil.example/",
    "http://evil.example/{host}",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://{host}/",
    "http:///{host}",
    "//[evil.example",
    "\r\nSet-Cookie: sessionid=evil",
]


@pytest.fixture
def ada(cast):
    cast.ada.user.set_password(PASSWORD)
    cast.ada.user.save()
    return cast.ada


async def log_in(visitor, username, password=PASSWORD, *, to="", **more):
    form = {"username": username, "password": password, "next": to, **more}
    return await visitor.send("POST", LOGIN, form=form, csrf=True)


def anonymous_session() -> str:
    """Return the key of a session without a user, as the site itself makes one."""
    session = SessionStore()
    session["theme"] = "dark"
    session.save()
    return str(session.session_key)


@pytest.mark.parametrize("page", [LOGIN, "/admin/login/"])
async def test_a_planted_session_never_becomes_that_of_who_logs_in(cast, ada, visit, page):
    """This holds for a made-up key, for a session without a user, and for the attacker's own."""
    ada.user.is_staff = True
    ada.user.save()
    for planted in ("a" * 32, "attacker", anonymous_session(), cast.bea.log_in()):
        attacker, victim = visit(), visit()
        attacker.cookies["sessionid"] = victim.cookies["sessionid"] = planted
        form = {"username": ada.name, "password": PASSWORD}
        assert (await victim.send("POST", page, form=form, csrf=True)).status == 302
        whose = (await attacker.get("/")).text
        assert ada.user.shown_name not in whose
        if victim.cookies["sessionid"] != planted:
            assert ada.user.shown_name in (await victim.get("/")).text
            assert (await attacker.get("/api/courses/")).status == 401
        else:
            # A visitor who is logged in as the attacker sees so, and logs out first.
            assert cast.bea.user.shown_name in whose


async def test_each_log_in_and_log_out_makes_the_session_another(ada, visit):
    visitor = visit()
    seen = []
    for _ in range(2):
        await log_in(visitor, ada.name)
        seen.append(visitor.cookies["sessionid"])
        assert (await visitor.get("/api/courses/")).status == 200
        await visitor.send("POST", "/accounts/logout/", form={}, csrf=True)
        assert not visitor.cookies["sessionid"].strip('"')
    assert len(set(seen)) == 2
    for key in seen:
        # The session is gone at the server, whatever a browser or an attacker has kept.
        assert not Session.objects.filter(session_key=key).exists()
        again = visit()
        again.cookies["sessionid"] = key
        assert (await again.get("/api/courses/")).status == 401
        assert (await again.get("/")).status == 302


async def test_a_log_in_as_somebody_else_leaves_nothing_of_the_first(cast, ada, visit):
    """The second log-in is in the same browser, in the admin, which asks for one again."""
    ada.user.is_staff = True
    ada.user.save()
    visitor = visit(cast.bea)
    first = visitor.cookies["sessionid"]
    form = {"username": ada.name, "password": PASSWORD}
    assert (await visitor.send("POST", "/admin/login/", form=form, csrf=True)).status == 302
    assert visitor.cookies["sessionid"] != first
    assert not Session.objects.filter(session_key=first).exists()


async def test_the_csrf_token_is_another_after_the_log_in(ada, visit):
    visitor = visit()
    await log_in(visitor, ada.name)
    assert visitor.cookies["csrftoken"] not in ("", SECRET)


@pytest.mark.parametrize("page", [LOGIN, "/admin/login/", "/accounts/logout/"])
async def test_nobody_is_led_away(ada, visit, page):
    """Wherever `next` points, the visitor stays at the site, even if already logged in."""
    ada.user.is_staff = True
    ada.user.save()
    visitor = visit()
    host = urlsplit(visitor.origin).netloc
    form = {"username": ada.name, "password": PASSWORD}
    for template in ELSEWHERE:
        target = template.format(host=host)
        visitor.cookies.clear()
        if page == "/accounts/logout/":
            await log_in(visitor, ada.name)
        for path, sent in (
            (page, {**form, "next": target}),
            (f"{page}?next={quote(target, safe='')}", form),
        ):
            answer = await visitor.send("POST", path, form=sent, csrf=True)
            # Only the first of these requests logs the visitor in, or out.
            assert answer.status == 302, (target, answer.status)
            assert led_to(visitor, answer) == host, (target, answer.location)
            assert "evil" not in (answer.headers["Set-Cookie"] or "")
            if page == LOGIN:
                answer = await visitor.get(path)
                assert answer.status == 302
                assert led_to(visitor, answer) == host, (target, answer.location)
                visitor.cookies.clear()


def led_to(visitor, answer) -> str:
    """Return the host of the next page as a browser sees it: a backslash counts as a slash."""
    location = answer.location.replace("\\", "/").strip()
    for character in "\t\r\n":
        location = location.replace(character, "")
    return urlsplit(urljoin(f"{visitor.origin}/accounts/login/", location)).netloc


async def test_one_is_led_where_one_wanted_to_go(ada, visit):
    """A harmless `next` leads to its page, so the test above can fail."""
    visitor = visit()
    answer = await log_in(visitor, ada.name, to="/courses/physics/?a=b")
    assert answer.location == "/courses/physics/?a=b"


async def test_over_https_cookies_are_for_https_alone(ada, tmp_path):
    """No script can read them, and no request of another site carries them."""
    env = environment(HTTPS="1", SSL_REDIRECT="0", TRUST_X_FORWARDED_PROTO="1")
    with Site(tmp_path, env=env) as site:
        visitor = Visitor(site.origin)
        visitor.cookies["csrftoken"] = SECRET
        form = {"username": ada.name, "password": PASSWORD, "csrfmiddlewaretoken": SECRET}
        headers = {"X-Forwarded-Proto": "https", "Origin": site.origin.replace("http", "https")}
        headers["Referer"] = headers["Origin"] + LOGIN
        answer = await visitor.send("POST", LOGIN, form=form, headers=headers)
        assert answer.status == 302
        cookies = {line.partition("=")[0]: line for line in answer.headers.get_all("Set-Cookie")}
        assert set(cookies) == {"sessionid", "csrftoken", "peerchat_device"}
        for line in cookies.values():
            assert "; Secure" in line
            assert "; SameSite=Lax" in line
            assert "Domain=" not in line
        assert "; HttpOnly" in cookies["sessionid"]
        assert "; HttpOnly" in cookies["peerchat_device"]
        assert "; Path=/" in cookies["peerchat_device"]
        assert "; Max-Age=31536000" in cookies["peerchat_device"]
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        client = await Client.open(
            f"{site.socket_url}/ws/chat/",
            cookie=visitor.cookies["sessionid"],
            origin=headers["Origin"],
        )
        assert (await client.event("welcome"))["user"]["username"] == ada.name
        await client.close()
