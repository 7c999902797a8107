"""A site has peerchat below a path of its own, beside pages and templates of the same names."""

import json
import re

import pytest
from csp.constants import NONCE, STRICT_DYNAMIC
from django.conf import settings as current
from django.template import Context, RequestContext, Template
from django.test import Client, RequestFactory

from rooms.embed import sign_embed_link
from tests.rooms.school import School, make_school
from tests.servers import ROOT

pytestmark = pytest.mark.django_db

OWN = ROOT / "tests" / "inclusion" / "oldsite" / "templates"
COURSE = "/a/b/courses/physics/"
LEAD = f"{COURSE}instructor/"
TRY = f"{COURSE}try/"
TEXTS = f"/a/b/texts/{current.LANGUAGE_CODE}/VERSION.js"


@pytest.fixture(autouse=True)
def oldsite(settings):
    """Use the site's URLs and templates; peerchat's templates fill the gaps."""
    settings.ROOT_URLCONF = "tests.inclusion.oldsite.urls"
    settings.LOGIN_URL = "login"
    settings.TEMPLATES = [{**current.TEMPLATES[0], "DIRS": [OWN]}]


@pytest.fixture
def school() -> School:
    return make_school()


@pytest.fixture
def ines(school) -> Client:
    client = Client()
    client.force_login(school.ines)
    return client


def addresses(html: str) -> set[str]:
    """Return the addresses that the page or its scripts use, without those of static files."""
    found = re.findall(
        r'\s(?:href|action|src|data-api|data-sockets|data-login-url)="([^"]*)"', html
    )
    named = (re.sub(r"[0-9a-f]{12}\.js$", "VERSION.js", one) for one in found)
    return {one for one in named if not one.startswith(("#", current.STATIC_URL))}


def test_the_pages_lead_to_each_other_and_to_the_site_s_log_in(ines):
    sites = {"/sign-in/", "/a/b/api/", "/a/b/ws/"}
    here = {"/a/b/", COURSE, LEAD, f"{COURSE}questions/", f"{COURSE}results/", TRY}
    assert addresses(ines.get("/a/b/").content.decode()) == here
    course = {"/a/b/", LEAD, f"{COURSE}results/", TEXTS}
    assert addresses(ines.get(COURSE).content.decode()) == course | sites
    names = ("questions", "results", "people", "roster", "screen", "settings")
    tabs = {f"{COURSE}{name}/" for name in names}
    assert addresses(ines.get(LEAD).content.decode()) == (
        {"/a/b/", COURSE, LEAD, TRY, TEXTS} | tabs | sites
    )
    assert addresses(ines.get("/a/b/api/docs/").content.decode()) == {
        "/a/b/",
        "/a/b/api/schema/",
        "/a/b/api/asyncapi.json",
    }


def test_the_button_to_log_out_is_there_where_a_log_out_is(ines, settings):
    assert b"log-out" not in ines.get(COURSE).content
    settings.ROOT_URLCONF = "tests.inclusion.oldsite.urls_with_logout"
    assert 'action="/out/"' in ines.get(COURSE).content.decode()


def test_the_site_s_names_still_lead_to_its_own_pages(school):
    page = Template("{% url 'courses' %} {% url 'course' 'physics' %}").render(Context())
    assert page == "/courses/ /courses/physics/"
    assert sign_embed_link(school.ada, school.course).startswith("/a/b/embed/physics/?link=")


def test_who_is_not_logged_in_is_led_to_the_site_s_log_in_and_back(client, school):
    answer = client.get(COURSE)
    assert (answer.status_code, answer.url) == (302, f"/sign-in/?next={COURSE}")


def test_a_panel_knows_where_to_ask(school):
    request = RequestFactory().get("/courses/physics/")
    request.user = school.ada
    page = Template("{% load peerchat %}{% peerchat 'physics' %}").render(RequestContext(request))
    assert addresses(page) == {
        "/sign-in/?next=/courses/physics/",
        "/a/b/api/",
        "/a/b/ws/",
        TEXTS,
    }


def test_sockets_may_be_elsewhere_than_the_pages(ines, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "SOCKETS_BELOW": "/"}
    assert 'data-sockets="/ws/"' in ines.get(COURSE).content.decode()
    assert ines.get("/a/b/api/asyncapi.json").json()["servers"] == {
        "here": {"host": "testserver", "protocol": "ws"}
    }


def test_the_documents_name_the_place(ines):
    document = json.loads(ines.get("/a/b/api/schema/").content)
    assert document["servers"] == [{"url": "http://testserver/a/b"}]
    assert "/api/courses/" in document["paths"]
    assert ines.get("/a/b/api/courses/").status_code == 200
    assert ines.get("/a/b/api/asyncapi.json").json()["servers"] == {
        "here": {"host": "testserver", "protocol": "ws", "pathname": "/a/b"}
    }
    assert "below <code>http://testserver/a/b</code>" in ines.get("/a/b/api/docs/").content.decode()


def test_the_site_keeps_its_error_pages_and_its_admin(ines, school, settings):
    for there in ("/nowhere/", "/a/b/courses/none/"):
        assert b"The old site has no such page" in ines.get(there).content
    # Without pages of its own it has Django's, and not peerchat's.
    settings.TEMPLATES = [{**current.TEMPLATES[0], "DIRS": []}]
    assert b"peerchat" not in ines.get("/nowhere/").content
    assert b"peerchat" not in ines.get("/admin/login/").content


# --- a policy with a nonce -----------------------------------------------------------------------

TAGS = re.compile(r'<script[^>]*>|<link rel="stylesheet"[^>]*>')
NONCES = re.compile(r' nonce="([^"]*)"')


@pytest.mark.parametrize("path", ["/a/b/", COURSE, LEAD, "/a/b/api/docs/", "/courses/physics/"])
def test_every_script_and_sheet_has_the_nonce_of_the_policy(ines, settings, path):
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {"script-src": [NONCE, STRICT_DYNAMIC], "style-src": [NONCE]}
    }
    answer = ines.get(path)
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", answer["Content-Security-Policy"]))
    tags = TAGS.findall(answer.content.decode())
    assert tags
    assert [NONCES.findall(tag) for tag in tags] == [[nonce]] * len(tags)


class Lazy:
    """A nonce that is made when somebody asks for its text, and is false until then."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "made now"


def sheet(of_request: dict[str, object] | None = None, **given: object) -> str:
    request = RequestFactory().get("/")
    for name, value in (of_request or {}).items():
        setattr(request, name, value)
    return Template("{% load peerchat_csp %}<link{% nonce %}>").render(
        RequestContext(request, given)
    )


def test_the_nonce_is_whichever_the_request_has():
    assert sheet() == "<link>"
    assert sheet(of_request={"csp_nonce": "django-csp"}) == '<link nonce="django-csp">'
    assert sheet(of_request={"_csp_nonce": Lazy()}) == '<link nonce="made now">'
    assert sheet(csp_nonce='a"b') == '<link nonce="a&quot;b">'
    assert sheet(csp_nonce="", of_request={"csp_nonce": None}) == "<link>"
    assert Template("{% load peerchat_csp %}{% nonce %}").render(Context()) == ""
