"""Markup and script in every text that is shown anywhere, looked at in a real browser.

No element may come of it, no dialog open, nothing be loaded, and the policy of the pages must have
had nothing to forbid: it is the second lock, not the first.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from django.contrib.auth.models import Group
from playwright.async_api import Browser, async_playwright, expect

from rooms.embed import sign_embed_link
from rooms.models import Choice, Course, Question
from tests.attacks.markup import INJECTED, MARKUP, SHORT, TEXTS, WITHIN, Watched, hostile
from tests.client import Client
from tests.e2e.people import DESKTOP, TELL_VIOLATIONS
from tests.e2e.test_inclusion import EXAMPLE, example_environment
from tests.rooms.cast import Cast, Person, eventually
from tests.running import Site, manage
from tests.static.browser import launch

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=WITHIN)
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture
def look(browser: Browser, hall):
    """A function that gives a page of somebody who is logged in, or of nobody."""

    async def open_page(person: Person | None = None) -> Watched:
        context = await browser.new_context(viewport=DESKTOP, locale="en-GB")
        context.set_default_timeout(WITHIN)
        await context.add_init_script(TELL_VIOLATIONS)
        if person is not None:
            await context.add_cookies(
                [{"name": "sessionid", "value": person.log_in(), "url": hall.site.url}]
            )
        return Watched(await context.new_page())

    return open_page


async def test_this_finds_what_comes_of_markup(look, hall):
    """The checks notice markup that has an effect, so the tests below can fail."""
    watched = await look()
    await watched.goto(f"{hall.site.url}accounts/login/")
    await watched.page.evaluate("(html) => { document.body.innerHTML = html; }", MARKUP)
    assert len(await watched.page.evaluate(INJECTED)) > 5
    await eventually(lambda: [one for one in watched.problems if one.startswith("error")])
    assert any("Content Security Policy" in problem for problem in watched.problems)
    assert any(problem.startswith("loaded ") for problem in watched.problems)


@pytest.fixture
def written(cast: Cast) -> Cast:
    """Return a course with markup in all texts by those who make courses and accounts."""
    Course.objects.filter(pk=cast.course.pk).update(title=hostile("course", short=True))
    Question.objects.filter(course=cast.course).update(prompt=hostile("prompt"))
    for choice in Choice.objects.filter(question__course=cast.course):
        choice.text = hostile(f"choice-{choice.letter}", short=True)
        choice.save()
    for name in ("ada", "bea", "carl", "ines"):
        user = cast.person(name).user
        user.display_name = hostile(f"name-{name}", short=True)
        # Django itself would refuse this username, but a site may allow it.
        user.username = f"{user.username} {SHORT}" if name == "bea" else user.username
        user.save()
    cast.course.refresh_from_db()
    return cast


async def press(watched: Watched, button: str) -> None:
    await watched.page.get_by_test_id(button).click()


async def in_phase(*pages: Watched, phase: str) -> None:
    for watched in pages:
        await expect(watched.page.get_by_test_id("phase").first).to_have_attribute(
            "data-phase", phase
        )


async def say(client: Client, room: str, text: str) -> dict[str, Any]:
    await client.post("new_message", room=room, text=text)
    return (await client.message(text))["message"]


@pytest.mark.long
async def test_a_class_from_end_to_end(written: Cast, look, visit):
    """The pages of student and instructor, and the page for frames, in every phase."""
    cast, site = written, written.hall.site
    course = f"{site.url}courses/{cast.course.slug}/"
    ada, ines = await look(cast.ada), await look(cast.ines)
    await ada.goto(course)
    await ines.goto(f"{course}instructor/")
    frame = await look()
    await frame.goto(urljoin(site.url, sign_embed_link(cast.carl.user, cast.course)))
    everybody = (ada, ines, frame)
    await in_phase(*everybody, phase="idle")
    await ada.shows("course", "name-ada")
    await frame.shows("course")
    await ines.shows("course", "prompt", "choice-A", "choice-B", "name-ines")

    bea = await cast.chat(cast.bea)
    await bea.post("typing", room=cast.room)
    await say(bea, cast.room, hostile("message"))
    for watched in everybody:
        await watched.shows("message", "name-bea")
    await ines.page.get_by_test_id("announce-text").fill(hostile("announced"))
    await press(ines, "announce-send")
    for watched in (ada, frame):
        await watched.shows("announced")

    await ines.page.get_by_test_id("question-select").select_option("force")
    await press(ines, "start-question")
    await in_phase(*everybody, phase="vote")
    for watched in everybody:
        await watched.shows("prompt", "choice-A", "choice-D")
    await ada.page.locator("label.choice").first.click()
    await ada.page.get_by_test_id("rationale").fill(hostile("rationale"))
    await press(ada, "vote-button")
    await expect(ada.page.get_by_test_id("vote-status")).to_have_attribute("data-state", "saved")
    given = {"choice": "B", "rationale": hostile("rationale-of-bea")}
    await bea.ask("vote", course=cast.course.slug, **given)
    body = {"choice": "B", "rationale": hostile("rationale-of-carl")}
    path = f"/api/courses/{cast.course.slug}/vote/"
    assert (await visit().send("POST", path, body=body, token=cast.carl.token)).status == 200
    await ada.shows("rationale")
    await press(ines, "stop-vote")
    await in_phase(*everybody, phase="vote_closed")
    await ines.nothing_came_of_it()
    await press(ines, "make-partners")
    await expect(ines.page.get_by_test_id("toast")).to_contain_text("group")
    await press(ines, "enable-chat")
    await in_phase(*everybody, phase="discuss")
    await ada.shows("name-bea")
    partners = (await bea.ask("state", course=cast.course.slug))["room"]
    await say(bea, partners, hostile("to-partners"))
    await bea.post("typing", room=partners)
    await ada.shows("to-partners")
    await press(ines, "start-revote")
    await in_phase(*everybody, phase="revote")
    await press(ines, "stop-vote")
    await in_phase(*everybody, phase="revote_closed")
    await press(ines, "reveal")
    await in_phase(*everybody, phase="revealed")
    for watched in everybody:
        await watched.shows("prompt", "choice-A", "choice-B")
    # A visitor who comes later must find the page harmless, too.
    for watched in (ada, ines):
        await watched.page.reload()
        await watched.shows("course", "prompt", "choice-A", "message", "name-bea")


async def test_rooms_and_who_is_in_them(written: Cast, look, visit):
    """Open rooms, direct ones, the people to write to, the search, replies and refusals."""
    cast = written
    ada = await look(cast.ada)
    await ada.goto(f"{cast.hall.site.url}courses/{cast.course.slug}/")
    await in_phase(ada, phase="idle")
    page = ada.page
    bea = await cast.chat(cast.bea)
    body = {
        "course": cast.course.slug,
        "title": hostile("title", short=True),
        "topic": hostile("topic", short=True),
    }
    made = await visit().send("POST", "/api/rooms/", body=body, token=cast.bea.token)
    room = made.body["room"]
    await bea.event("room_added", room=room)
    direct = await bea.command("private_message", to=cast.ada.name, text=hostile("direct"))
    assert direct["status"] == "success"
    mention = await say(bea, cast.room, f"@{cast.ada.name} {hostile('mention')}")
    await bea.post("new_message", room=cast.room, text=hostile("answer"), reply_to=mention["id"])
    await ada.shows("mention", "answer")
    await page.get_by_test_id("room-switch").click()
    await ada.shows("title", "name-bea")
    await page.get_by_test_id("room-join").click()
    await ada.shows("title", "topic")
    await say(bea, room, hostile("in-the-room"))
    await ada.shows("in-the-room")
    # A reply of one's own, and a message that is refused.
    row = page.get_by_test_id("message").filter(has_text="in-the-room").last
    await row.focus()
    await row.get_by_test_id("message-reply").click()
    await ada.shows("in-the-room", "name-bea")
    chat = page.get_by_test_id("room-chat")
    await chat.get_by_test_id("chat-input").fill(hostile("own"))
    await chat.get_by_test_id("chat-send").click()
    await ada.shows("own")
    await page.get_by_test_id("room-switch").click()
    await page.get_by_test_id("room-search").fill("mention")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("search-result").first).to_be_visible()
    await ada.shows("mention", "name-bea")
    await page.get_by_test_id("room-search").fill(MARKUP[:200])
    await page.keyboard.press("Enter")
    await ada.nothing_came_of_it()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("room-switch").click()
    await page.get_by_test_id("message-someone").click()
    await ada.shows("name-bea", "name-carl")
    await page.get_by_test_id("people-filter").fill("<x-injected>")
    await ada.nothing_came_of_it()
    await page.reload()
    await in_phase(ada, phase="idle")
    await page.get_by_test_id("room-switch").click()
    await ada.shows("title", "name-bea")
    await page.get_by_test_id("room").filter(has_text="in-name-bea").click()
    await ada.shows("direct")


async def test_the_pages_around_it(written: Cast, look):
    """The list of courses, the log-in with what was typed, pages that are not there."""
    cast, url = written, written.hall.site.url
    ada, nobody = await look(cast.ada), await look()
    await ada.goto(url)
    await ada.shows("course", "name-ada")
    evil = quote(hostile("address"), safe="")
    for path, status in (
        (f"courses/{evil}/", 404),
        (evil, 404),
        (f"?next={evil}", 200),
        (f"embed/x/?link={evil}", 403),
    ):
        await ada.goto(url + path, status=status)
        await ada.nothing_came_of_it()
    await ada.goto(f"{url}api/docs/?{evil}")
    await ada.nothing_came_of_it()
    for page in ("accounts/login/", "admin/login/"):
        await nobody.goto(f"{url}{page}?next={evil}")
        await nobody.shows("address")
        await nobody.page.get_by_label("Username").fill(hostile("username", short=True)[:150])
        await nobody.page.get_by_label("Password").fill(MARKUP[:100])
        await nobody.page.get_by_role("button", name="Log in").click()
        await nobody.shows("username", "address")
    for path in (f"api/courses/{evil}/state/", f"api/{evil}", f"api/rooms/?limit={evil}"):
        answer = await ada.page.request.get(url + path)
        assert answer.status >= 400
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.long
async def test_the_admin(written: Cast, look, visit):
    """The test visits every list, a form of each, the deletions and the recent actions."""
    cast, url = written, f"{written.hall.site.url}admin/"
    ada, bea = await cast.chat(cast.ada, cast.bea)
    body = {
        "course": cast.course.slug,
        "title": hostile("title", short=True),
        "topic": hostile("topic", short=True),
    }
    made = await visit().send("POST", "/api/rooms/", body=body, token=cast.bea.token)
    room = made.body["room"]
    board = await cast.dashboard()
    await board.ask("start_question", question="force")
    for client in (ada, bea):
        given = {"choice": "A", "rationale": hostile("rationale")}
        await client.ask("vote", course=cast.course.slug, **given)
    for action in ("stop_vote", "make_partners", "enable_chat"):
        await board.ask(action)
    await board.ask("announce", text=hostile("announced"))
    await say(bea, cast.room, f"@{cast.ada.name} {hostile('mention')}")
    Group.objects.get_or_create(name=hostile("group", short=True)[:150])
    root = cast.tess
    root.user.is_staff = root.user.is_superuser = True
    root.user.display_name = hostile("name-root", short=True)
    root.user.save()
    watched = await look(root)
    page = watched.page

    # Something in the log of the admin, whose last lines are on its first page.
    course = Course.objects.get(pk=cast.course.pk)
    await watched.goto(f"{url}peerchat_rooms/course/{course.pk}/change/")
    await watched.shows("course")
    await page.locator("#id_title").fill(hostile("course", short=True) + " again")
    await page.locator("[name=_save]").click()
    await watched.shows("course")
    await watched.goto(url)
    await watched.shows("course")

    shown = await page.evaluate(TEXTS)
    lists = await page.locator("#content-main .model-group th a, #content-main th a").all()
    addresses = [urljoin(url, await link.get_attribute("href") or "") for link in lists]
    addresses = list(dict.fromkeys(one for one in addresses if one.startswith(url)))
    assert len(addresses) > 15

    async def go_through(one: Watched, address: str) -> str:
        """Go through a list, its first form and its search; return the texts that are shown."""
        await one.goto(address)
        await one.nothing_came_of_it()
        texts = await one.page.evaluate(TEXTS)
        rows = one.page.locator("#result_list tbody tr th a, #result_list tbody tr td a")
        links = await rows.evaluate_all("(rows) => rows.map((row) => row.getAttribute('href'))")
        forms = [urljoin(address, link) for link in links[:12] if link and "/change/" in link]
        for form in forms[:1]:
            await one.goto(form)
            await one.nothing_came_of_it()
            texts += await one.page.evaluate(TEXTS)
            await one.goto(form.replace("/change/", "/history/"))
            await one.nothing_came_of_it()
        await one.goto(f"{address}?q={quote('<x-injected>')}")
        await one.nothing_came_of_it()
        return str(texts)

    async def look_at(one: Watched, address: str) -> str:
        await one.goto(address)
        await one.nothing_came_of_it()
        return str(await one.page.evaluate(TEXTS))

    waiting = [(go_through, address) for address in addresses]
    waiting += [
        (look_at, url + path)
        for path in (
            f"peerchat_rooms/course/{course.pk}/delete/",
            f"peerchat_rooms/course/{course.pk}/history/",
            f"peerchat_accounts/user/{cast.bea.user.pk}/change/",
            f"peerchat_accounts/user/{cast.bea.user.pk}/delete/",
            f"peerchat_accounts/user/{cast.bea.user.pk}/password/",
            f"peerchat_rooms/question/{course.questions.get(slug='force').pk}/change/",
            f"peerchat_rooms/room/?course__id__exact={course.pk}",
            f"peerchat_rooms/room/{room}/change/",
            f"peerchat_rooms/enrollment/?course__id__exact={course.pk}",
            f"peerchat_rooms/message/?room__course__id__exact={course.pk}",
            f"peerchat_rooms/vote/?round__session__course__id__exact={course.pk}",
            f"peerchat_rooms/uselog/?course_id={course.slug}",
            f"peerchat_rooms/partnergroup/?round__session__course__id__exact={course.pk}",
        )
    ]
    # Several tabs of the same browser work at once, as each mostly waits for the site.
    tabs = [watched, *[Watched(await page.context.new_page()) for _ in range(2)]]

    async def go_on(one: Watched) -> str:
        texts = ""
        while waiting:
            how, address = waiting.pop()
            texts += await how(one, address)
        return texts

    shown += "".join(await asyncio.gather(*map(go_on, tabs)))
    # Every text was shown as it was written.
    for place in (
        *("course", "prompt", "choice-A", "title", "topic", "rationale", "announced", "mention"),
        *("name-bea", "name-root", "group"),
    ):
        assert f"in-{place} " in shown, place


FILL = """
import sys
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("create_demo")
from accounts.models import User
from rooms.models import Choice, Course, Question
long, short = sys.argv[1:]
Course.objects.update(title="in-course " + short)
Question.objects.update(prompt="in-prompt " + long)
Choice.objects.update(text="in-choice " + short)
User.objects.update(display_name="in-name " + short)
"""


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Site]:
    """A course site that has the panels on its page, with markup in its texts."""
    env = example_environment(tmp_path / "db.sqlite3")

    done = subprocess.run(
        [sys.executable, "-c", FILL, MARKUP, SHORT],
        cwd=EXAMPLE,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Site(tmp_path, env=env) as site:
        yield site


@pytest.mark.long
async def test_panels_in_the_page_of_another_site(example: Site, look, browser):
    """The template tags show a course and one question, before and after it is asked."""
    env = example_environment(Path(example.log).parent / "db.sqlite3")
    done = manage("issue_token", "instructor", "student2", env=env)
    assert done.returncode == 0, done.stderr
    watched = await look()
    page = watched.page
    await page.goto(f"{example.url}login/?next=/lessons/physics101/")
    await page.get_by_label("Username").fill("student1")
    await page.get_by_label("Password").fill("peerchat")
    await page.get_by_role("main").get_by_role("button", name="Log in").click()
    await expect(page.locator("peer-panel[data-kind=course]")).to_be_visible()
    await watched.shows("course", "name")
    leader, other = [
        await Client.open(f"{example.socket_url}{path}", token=token)
        for path, token in zip(
            ("/class/ws/instructor/physics101/", "/class/ws/chat/"),
            done.stdout.split(),
            strict=True,
        )
    ]
    welcome = await other.event("welcome")
    await leader.event("welcome")
    await say(other, welcome["courses"][0]["room"], hostile("message"))
    await leader.ask("start_question", question="lift-at-constant-speed")
    await watched.shows("message", "prompt", "choice")
    for action in ("stop_vote", "reveal"):
        await leader.ask(action)
    await watched.shows("prompt", "choice")
    # From then on the page has the results in the place of the question.
    await page.reload()
    await expect(page.locator("peer-panel[data-kind=results]")).to_be_visible()
    await watched.shows("prompt", "choice")
    await leader.ask("next_question")
    await page.reload()
    await watched.shows("course", "prompt", "choice", "message")
    for client in (leader, other):
        await client.close()
