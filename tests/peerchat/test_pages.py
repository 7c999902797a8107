"""Properties of every page: a strict content policy, and static files that work under it."""

import re
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils import translation
from django.utils.formats import date_format

from tests.pace import patient
from tests.running import environment

HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")
IMPORT = re.compile(r"^(?:import|export)\b[^;\"]*?\"(\.[^\"]+)\"", re.MULTILINE)
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def test_the_policy_is_strict_everywhere(client, db):
    for url in ("/accounts/login/", "/admin/login/", "/healthz", "/nowhere/"):
        header = client.get(url)["Content-Security-Policy"]
        found = dict(part.strip().split(" ", 1) for part in header.split(";"))
        assert found == POLICY, url


def test_pages_have_nothing_that_the_policy_forbids(client, db):
    for url in ("/accounts/login/", "/admin/login/"):
        page = client.get(url).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)[^>]*>", page), url


def ask(url: str, method: str = "GET", **headers: str):
    """Return the status, the headers and the body of an answer."""
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=patient(10)) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def fetch(url: str):
    status, headers, body = ask(url)
    assert status == 200
    return headers, body.decode()


def test_static_files_are_hashed_cached_and_import_each_other_by_hash(site):
    running = site()
    scripts = [name for name in staticfiles_storage.hashed_files if name.endswith(".js")]
    own = [name for name in scripts if name.startswith("peerchat/")]
    imports = []
    for name in own:
        url = staticfiles_storage.url(name)
        assert HASHED.search(url)
        headers, text = fetch(running.origin + url)
        assert "immutable" in headers["Cache-Control"]
        assert headers.get_content_type() in {"text/javascript", "application/javascript"}
        imports += [(name, target) for target in IMPORT.findall(text)]
    assert imports
    assert [pair for pair in imports if not HASHED.search(pair[1])] == []

    # A small file comes from the memory of the worker, a large one from the disk.
    for name in ("peerchat/core/page.js", "peerchat/vendor/katex/katex.js"):
        url = running.origin + staticfiles_storage.url(name)
        whole = Path(staticfiles_storage.path(staticfiles_storage.stored_name(name))).read_bytes()
        answers = [ask(url) for _ in range(3)]
        for status, headers, body in answers:
            assert (status, body) == (200, whole)
            assert headers["Content-Length"] == str(len(whole))
            assert headers["X-Content-Type-Options"] == "nosniff"
        etag = answers[0][1]["ETag"]
        assert ask(url, **{"If-None-Match": etag})[::2] == (304, b"")
        assert ask(url, "HEAD")[::2] == (200, b"")
        assert ask(url, Range="bytes=5-14")[::2] == (206, whole[5:15])
        assert ask(url, "POST")[0] == 405
        # The name without a hash is found, too, and another hash is not.
        source = Path(staticfiles_storage.path(name)).read_bytes()
        assert ask(f"{running.origin}/static/{name}")[::2] == (200, source)
        other = HASHED.sub(".0123456789ab.js", url)
        assert ask(other)[0] == 404


def test_with_debug_static_files_come_from_where_they_are_written(site, tmp_path):
    running = site(
        env=environment(
            DEBUG="1",
            DJANGO_SETTINGS_MODULE="peerchat.settings",
            DATABASE_URL=f"sqlite:///{tmp_path / 'site.sqlite3'}",
            REDIS_URL="",
            STATIC_ROOT=str(tmp_path / "nothing"),
        )
    )
    assert "body" in fetch(f"{running.url}static/admin/css/base.css")[1]
    assert "import" in fetch(f"{running.url}static/peerchat/core/page.js")[1]


def test_no_date_can_be_taken_for_another_day():
    at = datetime(2026, 11, 9, 14, 5, tzinfo=UTC)
    with translation.override("en"):
        assert date_format(at, "SHORT_DATETIME_FORMAT") == "9 Nov 2026, 14:05"
        assert date_format(at, "DATE_FORMAT") == "9 November 2026"
    with translation.override("de"):
        assert date_format(at, "SHORT_DATE_FORMAT") == "09.11.2026"
