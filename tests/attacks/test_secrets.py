"""Secrets that let somebody in, searched for in all wrong places: logs, error pages, tables."""

import base64
import re
import secrets
import uuid

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry

from accounts import tokens
from accounts.models import FailedLogin, Token
from rooms.actions import screen as screen_actions
from rooms.embed import sign_embed_link
from rooms.models import Enrollment, UseLog
from rooms.queries import reminders
from rooms.queries.screen import link_secret
from tests.attacks.web import FRAMES, refused
from tests.client import Client
from tests.rooms.cast import Cast, in_thread
from tests.running import Site, environment


def new() -> str:
    """Return a text that occurs nowhere by chance."""
    return secrets.token_urlsafe(24)


async def show_all(cast: Cast, visit, hidden: dict[str, str]) -> list[str]:
    """Use everything that lets somebody in, rightly and wrongly; return the answers."""
    site, told = cast.hall.site, []
    for person in (cast.ada, cast.ines):
        person.user.set_password(hidden["password"])
        person.user.is_staff = True
        person.user.save()
    good, wrong = hidden["token"], hidden["wrong token"]
    visitor = visit()

    async def ask(method, path, **options):
        answer = await visitor.send(method, path, **options)
        told.append(answer.text)
        return answer

    for token in (good, wrong):
        await ask("GET", "/api/courses/", token=token)
        await ask("POST", f"/api/rooms/{cast.room}/messages/", token=token, body={"text": "hello"})
        await ask("POST", f"/api/rooms/{cast.room}/messages/", token=token, body=b'{"text": "\xff')
        await ask("GET", f"/api/courses/?token={token}")
        await ask("GET", f"/nowhere/?{token}", token=token)
        await ask("GET", "/", headers={"Authorization": f"Token {token}"})
        basic = base64.b64encode(f"ada:{token}".encode()).decode()
        await ask("GET", "/", headers={"Authorization": f"Basic {basic}"})
        await ask("GET", "/", headers={"Host": "evil.example"}, token=token)
        for options in (
            {"token": token},
            {"subprotocols": ["peerchat.v1", f"token.{token}"]},
            {"subprotocols": [f"token.{token}"]},
            {"headers": {"Authorization": f"Bearer  {token} x"}},
        ):
            for path in ("/ws/chat/", f"/ws/instructor/{cast.course.slug}/", "/ws/feed/a/"):
                await refused(cast, path, **options)
        await refused(cast, f"/ws/chat/?token={token}")
        await refused(cast, f"/ws/nowhere/?{token}", token=token)
        for fields in ({"token": token}, {"token": [token]}, {"tokn": token}, {"token": token * 9}):
            client = await Client.open(f"{site.socket_url}/ws/chat/")
            await client.send(f'{{"action": "authenticate", "token": "{token}"')
            told.append(str(await client.command("authenticate", **fields)))
            await client.close()
            told += [frame.decode() for frame in client.raw]
    for session in (hidden["session"], hidden["wrong session"]):
        cookie = f"sessionid={session}; csrftoken={hidden['csrf']}"
        for headers in ({"Cookie": cookie}, {"Cookie": cookie, "Origin": "https://evil.example"}):
            await ask("GET", "/", headers=headers)
            await ask("POST", f"/api/rooms/{cast.room}/messages/", headers=headers, body={})
            await ask("POST", "/accounts/logout/", headers={**headers, "X-CSRFToken": "x"}, form={})
            await refused(cast, "/ws/chat/", headers=headers)
    for password in (hidden["password"], hidden["wrong password"]):
        given = {"username": cast.ada.name, "password": password}
        await ask("POST", "/accounts/login/", form=given)
        await ask("POST", "/accounts/login/", form=given, csrf=True)
        await ask("POST", "/admin/login/", form=given, csrf=True)
        await ask("POST", "/api/tokens/", body={**given, "more": password})
        await ask("POST", "/api/tokens/", body={"username": cast.ada.name, "password": [password]})
        await ask("POST", "/api/tokens/", body=f'{{"password": "{password}"'.encode())
        await ask("POST", f"/api/tokens/?password={password}", form=given)
        visitor.cookies.clear()
        # Only the last request is answered with a token, which is meant for its sender.
        answer = await visitor.send("POST", "/api/tokens/", body=given)
        if answer.status == 201:
            hidden["token for a password"] = answer.body["token"]
    link = sign_embed_link(cast.ada.user, cast.course)
    hidden["link"] = link.partition("link=")[2]
    elsewhere = link.replace(cast.course.slug, cast.other_course.slug)
    for path in (elsewhere, link + "x", link.replace("?", "?x=1&"), link):
        await ask("HEAD", path)
        # The page that it opens has a token, which is meant for the bearer of the link.
        answer = await visitor.get(path)
        hidden.setdefault("token of a frame", "")
        found = re.search(r'data-token="([^"]+)"', answer.text)
        if found:
            hidden["token of a frame"] = found[1]
            assert hidden["link"] not in answer.text
        else:
            told.append(answer.text)
    made = await in_thread(
        screen_actions.make_link, user=cast.ines.user, course=cast.course.slug, days=1
    )
    secret = link_secret(made)
    hidden["link of the screen"] = secret.partition(".")[2]
    header = {"Authorization": f"Screen {secret}"}
    for path in (f"/screen/{secret}/", f"/screen/{secret}"):
        for method in ("GET", "POST", "PUT"):
            # The page tells its script the secret, which has come with the address.
            await visitor.send(method, path, headers=header)
    await ask("GET", "/api/screen/", headers=header)
    await refused(cast, f"/ws/feed/a/?{secret}", subprotocols=["peerchat.v1", f"screen.{secret}"])
    stops = reminders.secret(Enrollment.objects.get(user=cast.ada.user, course=cast.course))
    hidden["end of reminders"] = stops.rpartition(":")[2]
    for method in ("GET", "PUT"):
        # The form of the page has it in its address.
        await visitor.send(method, f"/reminders/{stops}/")
    ines = visit(cast.ines)
    hidden["session of ines"] = ines.cookies["sessionid"]
    answer = await ines.get("/")
    told.append(answer.text)
    return told


@pytest.fixture
def hidden(cast):
    return {
        "token": cast.ada.token,
        "wrong token": f"pc_{new()}",
        "session": cast.ada.log_in(),
        "wrong session": uuid.uuid4().hex,
        "csrf": secrets.token_hex(16),
        "password": new(),
        "wrong password": new(),
    }


@pytest.mark.timeout(240)
async def test_none_is_in_the_log(cast, visit, hidden):
    """At LOG_LEVEL=DEBUG, the log with all requests has neither right nor wrong secrets."""
    began = cast.hall.site.log.stat().st_size
    told = await show_all(cast, visit, hidden)
    log = cast.hall.site.log.read_bytes()[began:].decode()
    # The log is complete: it has each request and each refusal.
    assert re.search(r'"GET /embed/[\w-]+/" 403', log), log[-3000:]
    assert '"WSCONNECT /ws/chat/"' in log
    assert "the token is not valid" in log
    assert " INFO " in log
    assert hidden["token of a frame"]
    for name, secret in hidden.items():
        assert secret not in log, name
        assert not [text for text in told if secret in text], name
        assert tokens.digest(secret) not in log
    # The log has no other token either, and no text of a user.
    assert not re.search(r"pc_[\w-]{20,}", log)
    assert "hello" not in log


async def test_nobody_is_named_in_the_log(cast, visit):
    """At LOG_LEVEL=DEBUG, no request about somebody leaves their username, name or address."""
    began = cast.hall.site.log.stat().st_size
    user, slug = cast.ada.user, cast.course.slug
    user.email, user.display_name = f"{new()}@mail.example", new()
    await in_thread(user.save)
    named = (user.username, user.email, user.display_name)
    for visitor in (visit(cast.ines), visit(cast.bea), visit()):
        for name in named:
            for part in ("people", "mutes", "leaders"):
                for method in ("DELETE", "PUT", "GET"):
                    path = f"/api/courses/{slug}/{part}/{name}/"
                    await visitor.send(method, path, body={"seconds": 5})
            await visitor.send("POST", f"/api/direct/{name}/messages/", body={"text": "hello"})
            given = {"username": name, "password": "wrong", "email": name}
            await visitor.send("POST", "/accounts/reset/", form=given, csrf=True)
            await visitor.send("POST", "/accounts/login/", form=given, csrf=True)
            await visitor.send("POST", "/api/tokens/", body=given)
        await visitor.send("GET", f"/admin/peerchat_accounts/user/{user.pk}/change/")
    log = cast.hall.site.log.read_bytes()[began:].decode()
    assert f"/api/courses/{slug}/mutes/(name)" in log, log[-3000:]
    assert "/user/(name)/change/" in log
    assert not [line for line in log.splitlines() for name in named if name in line]


async def test_none_is_kept_where_it_can_be_read(cast, visit, hidden):
    """No table has a token or a password itself, only the hashes of them."""
    await show_all(cast, visit, hidden)
    sought = {name: secret for name, secret in hidden.items() if "session" not in name}
    found = set()
    for model in (
        *apps.get_app_config("peerchat_rooms").get_models(),
        Token,
        UseLog,
        LogEntry,
        FailedLogin,
    ):
        for row in model.objects.values_list():
            text = repr(row)
            found |= {(model.__name__, name) for name, secret in sought.items() if secret in text}
    assert found == set()


async def test_no_line_of_the_log_is_an_attacker_s(cast, visit):
    """Input from outside cannot end a line of the log and begin another."""
    line = f"2026-01-01 00:00:00,000 ERROR 1 django: {uuid.uuid4().hex}"
    encoded = "%0a".join(["/", line.replace(" ", "%20")])
    visitor = visit()
    for path in (
        encoded,
        f"/api{encoded}",
        f"/static{encoded}",
        f"/?{encoded}",
        f"/admin{encoded}",
    ):
        await visitor.get(path)
        await visitor.get(path, headers={"Host": "evil.example"})
    for path in (f"/ws{encoded}", f"/ws/chat/{encoded}", f"/ws/feed{encoded}/"):
        await refused(cast, path, token="pc_wrong")
        await refused(cast, path, token=cast.ada.token)
    await visitor.get("/", headers={"User-Agent": line, "Referer": line, "Origin": line})
    form = {"username": f"\n{line}", "password": "x"}
    await visitor.send("POST", "/accounts/login/", form=form, csrf=True)
    ada = await cast.chat(cast.ada)
    for text in (f'{{"uuid": "u", "action": "\\n{line}"}}', f"\n{line}"):
        await ada.send(text)
    await ada.settled()
    log = cast.hall.site.log.read_text()
    assert not [one for one in log.splitlines() if one.startswith(line)]


@pytest.mark.long
async def test_what_breaks_tells_nothing(cast, visit, tmp_path):
    """A page that fails, here without its database, shows none of the site's secrets."""
    gone = {
        "DATABASE_URL": "postgres://nobody:the-database-password@127.0.0.1:1/none",
        "DATABASE_POOL_TIMEOUT": "1",
        "EMBED_ANCESTORS": FRAMES,
        "LOG_LEVEL": "DEBUG",
    }
    env = environment(**gone)
    hiding = [env["SECRET_KEY"], "the-database-password", cast.ada.token, cast.ada.log_in()]
    with Site(tmp_path, env=env, arguments=["--access-log"]) as site:
        visitor = type(visit())(site.origin, hiding[-1])
        link = sign_embed_link(cast.ada.user, cast.course)
        hiding.append(link.partition("link=")[2])
        failed = 0
        for path in ("/", "/admin/", link, "/api/courses/", "/api/rooms/", "/accounts/login/"):
            for token in (None, cast.ada.token):
                answer = await visitor.get(path, token=token)
                failed += answer.status in (500, 503)
                assert "Traceback" not in answer.text
                assert not [one for one in hiding if one in answer.text], path
        assert failed >= 8
        log = site.log.read_text()
    assert not [one for one in hiding if one in log]
