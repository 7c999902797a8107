"""Properties of every page: a strict content policy, and static files that work under it."""

import re
import urllib.error
import urllib.request

from django.contrib.staticfiles.storage import staticfiles_storage

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


def fetch(url: str):
    with urllib.request.urlopen(url, timeout=patient(10)) as response:
        return response.headers, response.read().decode()


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
