"""The script of the log-in page in a real browser, against a server that answers as it is told."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from django.template.loader import render_to_string
from playwright.async_api import expect

from tests.desk import until
from tests.static.browser import file_at, page_of_modules

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRONG = "Too many failed log-in attempts"
AWAY = "Cannot reach the site."
LIMIT, WAIT = 20_000, 5_000  # milliseconds
HANG, BREAK, IN = "hang", "break", "in"


class Server(ThreadingHTTPServer):
    """Answers each log-in with the next of `answers`, and with the last of them for ever."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = [200]
        self.forms = []
        self.shown = 0
        self.is_in = False
        self.ended = threading.Event()

    def page(self, **context):
        """The log-in page, with another CSRF token each time."""
        self.shown += 1
        page = render_to_string(
            "accounts/login.html", {"csrf_token": f"token{self.shown}", **context}
        )
        main = page[page.index("<main") : page.index("</main>")]
        script = '<script type="module" src="/static/peerchat/core/login.js"></script>'
        return f"<!doctype html><title>Log in</title>{main}</main>{script}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/static/"):
            text, kind = file_at(self.path)
            self.answer(200, text, kind)
        elif self.path == "/log-in" and self.server.is_in:
            self.answer(302, "", Location="/class")
        elif self.path == "/log-in":
            self.answer(200, self.server.page())
        else:
            self.answer(200, "<!doctype html><title>elsewhere</title>")

    def do_POST(self):
        server = self.server
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        server.forms.append(form)
        if answer == HANG:
            server.ended.wait()
        elif answer == BREAK:
            self.close_connection = True
        elif answer == IN:
            server.is_in = True
            self.answer(302, "", Location="/class")
        elif answer == 503:
            self.answer(503, server.page(is_busy=True, wait="1 second"), **{"Retry-After": "1"})
        elif answer == 200:
            self.answer(200, server.page(wait="10 minutes"))
        else:
            self.answer(answer, "<!doctype html><title>Error</title>")

    def answer(self, status, text, kind="text/html", **headers):
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Visit:
    """A visitor of the log-in page, whose clock the test moves."""

    def __init__(self, page, server):
        self.page, self.server = page, server
        self.says = page.get_by_test_id("log-in-waits")
        self.button = page.get_by_role("button", name="Log in")

    async def submit(self, *answers):
        self.server.answers = list(answers)
        await self.page.get_by_label("Username").fill("ada")
        await self.page.get_by_label("Password").fill("correct horse")
        await self.button.click()

    async def posted(self, times):
        """Wait until so many log-ins have come."""
        await until(lambda: len(self.server.forms) >= times)
        assert len(self.server.forms) == times

    async def later(self, milliseconds=WAIT):
        await self.page.clock.fast_forward(milliseconds)

    async def asks_no_more(self):
        """Check that the page sends nothing more, even after a long wait."""
        sent = await self.page.evaluate("window.sent")
        for _ in range(3):
            await self.later(120_000)
        assert await self.page.evaluate("window.sent") == sent

    async def can_go_on(self):
        """Check that the form is as it was typed, for another try."""
        await expect(self.button).to_be_enabled()
        await expect(self.page.get_by_label("Username")).to_have_value("ada")
        await expect(self.page.get_by_label("Password")).to_have_value("correct horse")

    async def got_in(self):
        await self.page.wait_for_url("**/class")


COUNT = """
window.sent = 0;
const plain = window.fetch;
window.fetch = (...given) => { window.sent += 1; return plain(...given); };
"""


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser):
    with serving() as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        async with page_of_modules(browser, f"{origin}/static/peerchat/core/dom.js") as page:
            await page.clock.install()
            await page.add_init_script(COUNT)
            await page.goto(f"{origin}/log-in")
            yield Visit(page, server)


async def test_whoever_is_right_gets_in(visit):
    await visit.submit(IN)
    await visit.got_in()
    assert [form["csrfmiddlewaretoken"] for form in visit.server.forms] == ["token1"]


async def test_an_answer_that_does_not_come_is_waited_for_twenty_seconds(visit):
    await visit.submit(HANG, IN)
    await visit.posted(1)
    await visit.later(LIMIT - 1000)
    await expect(visit.button).to_be_disabled()
    await visit.later(1000)
    await expect(visit.says).to_contain_text(AWAY)
    await visit.can_go_on()
    await visit.later()
    await visit.got_in()
    # The log-in is sent again by the page as it is now.
    tokens = [form["csrfmiddlewaretoken"] for form in visit.server.forms]
    assert tokens == ["token1", "token2"]


async def test_a_log_in_whose_answer_was_lost_is_not_sent_again(visit):
    await visit.submit(HANG)
    await visit.posted(1)
    visit.server.is_in = True
    await visit.later(LIMIT)
    await expect(visit.says).to_contain_text(AWAY)
    await visit.later()
    await visit.got_in()
    assert len(visit.server.forms) == 1


@pytest.mark.parametrize("answer", [BREAK, 500, 502])
async def test_a_log_in_of_which_nobody_knows_is_sent_three_times(visit, answer):
    """Each of the attempts may have counted as a wrong password."""
    await visit.submit(answer)
    for number in (1, 2):
        await visit.posted(number)
        await expect(visit.says).to_contain_text("This page will try again automatically")
        await visit.can_go_on()
        await visit.later()
    await visit.posted(3)
    await expect(visit.says).to_have_text(f"{AWAY} Try again later.")
    await visit.can_go_on()
    await visit.asks_no_more()


async def test_the_tries_in_a_rush_are_bounded(visit):
    await visit.submit(503)
    for number in range(1, 30):
        await visit.posted(number)
        await expect(visit.says).to_contain_text("Many people are logging in right now. This")
        await expect(visit.button).to_be_enabled()
        await visit.later()
        await visit.posted(number + 1)
    await expect(visit.says).to_contain_text("Try again later.")
    await visit.can_go_on()
    await visit.asks_no_more()


async def test_an_outdated_token_is_renewed_once(visit):
    await visit.submit(403, IN)
    await visit.got_in()
    tokens = [form["csrfmiddlewaretoken"] for form in visit.server.forms]
    assert tokens == ["token1", "token2"]


async def test_a_token_that_is_always_refused_makes_no_loop(visit):
    await visit.submit(403)
    await expect(visit.says).to_contain_text("Allow cookies")
    await visit.can_go_on()
    assert len(visit.server.forms) == 2
    await visit.asks_no_more()
    await visit.button.click()
    await visit.posted(4)


async def test_whoever_is_in_by_another_tab_is_led_on(visit):
    visit.server.is_in = True
    await visit.submit(403)
    await visit.got_in()


async def test_what_was_wrong_before_is_not_shown_while_the_page_tries_again(visit):
    await visit.submit(200)
    alert = visit.page.get_by_role("alert")
    await expect(alert).to_contain_text(WRONG)
    await expect(visit.button).to_be_enabled()
    await visit.submit(503)
    await expect(visit.says).to_contain_text("This page will try again automatically")
    await expect(alert).to_be_hidden()


async def test_typing_ends_what_waits(visit):
    await visit.submit(503)
    await expect(visit.says).to_contain_text("This page will try again automatically")
    await visit.page.get_by_label("Password").fill("another horse")
    await expect(visit.says).to_be_hidden()
    await visit.asks_no_more()


async def test_typing_ends_what_is_under_way(visit):
    await visit.submit(HANG, 200)
    await visit.posted(1)
    await visit.page.get_by_label("Password").fill("another horse")
    await expect(visit.button).to_be_enabled()
    await expect(visit.says).to_be_hidden()
    await visit.asks_no_more()
    await visit.button.click()
    await visit.posted(2)
    assert visit.server.forms[1]["password"] == "another horse"


async def test_leaving_the_page_ends_what_waits(visit):
    await visit.submit(503)
    await expect(visit.says).to_contain_text("This page will try again automatically")
    await visit.page.evaluate("dispatchEvent(new Event('pagehide'))")
    await visit.asks_no_more()
    await visit.can_go_on()
