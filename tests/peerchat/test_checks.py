"""The checks: each names something that a project lacks, with the lines to add."""

import sys

import pytest
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import set_script_prefix

from accounts.middleware import SocketAuthMiddleware
from peerchat import host, neighbours
from peerchat.routing import websocket_urlpatterns
from rooms.api.longpoll import LongPolling

SITE = "peerchat.asgi.application"
HERE = "tests.peerchat.test_checks"


async def django(scope, receive, send): ...


sockets = URLRouter(websocket_urlpatterns)
only_http = ProtocolTypeRouter({"http": LongPolling(django)})
unknown_people = ProtocolTypeRouter({"http": LongPolling(django), "websocket": sockets})
impatient = ProtocolTypeRouter({"http": django, "websocket": SocketAuthMiddleware(sockets)})
urlpatterns: list[object] = []


class Wrapper:
    """A middleware that a host may have around everything."""

    def __init__(self, application):
        self.application = application

    async def __call__(self, scope, receive, send): ...


wrapped = Wrapper(
    ProtocolTypeRouter(
        {"http": LongPolling(django), "websocket": Wrapper(SocketAuthMiddleware(sockets))}
    )
)


def found(*, deploy: bool = False) -> dict[str, str]:
    """Return each finding with its hint, by id."""
    findings = run_checks(tags=["peerchat"], include_deployment_checks=deploy)
    return {str(one.id): f"{one.msg} {one.hint}" for one in findings}


def test_a_site_of_its_own_lacks_nothing():
    assert found() == {}


@pytest.mark.parametrize(
    ("name", "value", "finding", "line"),
    [
        ("AUTH_USER_MODEL", "sessions.Session", "E002", "AUTH_USER_MODEL = host.USER_MODEL"),
        ("CHANNEL_LAYERS", {}, "E003", '{"default": host.IN_PROCESS_LAYER}'),
        ("ASGI_APPLICATION", None, "E004", 'ASGI_APPLICATION = "peerchat.asgi.application"'),
        ("ASGI_APPLICATION", "nowhere.application", "E005", "(No module named 'nowhere')"),
        ("ASGI_APPLICATION", f"{HERE}.only_http", "E006", '"websocket": SocketAuthMiddleware('),
        ("ASGI_APPLICATION", f"{HERE}.unknown_people", "W001", "SocketAuthMiddleware("),
        ("ASGI_APPLICATION", f"{HERE}.impatient", "W002", '"http": LongPolling('),
        ("ROOT_URLCONF", HERE, "W003", 'path("class/", include("rooms.urls"))'),
        ("AUTHENTICATION_BACKENDS", host.BACKENDS[1:], "W004", "= host.BACKENDS"),
        ("AUTHENTICATION_BACKENDS", host.BACKENDS[::-1], "W005", "= host.BACKENDS"),
        ("MIDDLEWARE", host.MIDDLEWARE[1:], "W006", "MIDDLEWARE += host.MIDDLEWARE"),
        ("MEDIA_ROOT", "", "W029", 'MEDIA_ROOT = BASE_DIR / "media"'),
        ("PEERCHAT", {"MESAGE_RATE": 1}, "W009", "has no MESAGE_RATE"),
        ("PEERCHAT", {"MESSAGE_RATE": 0}, "E007", "a number of at least 0.01, not 0"),
        ("PEERCHAT", {"MESSAGE_BURST": 1.5}, "E007", "a whole number of at least 1, not 1.5"),
    ],
)
def test_what_is_missing_is_named_with_the_line_to_add(settings, name, value, finding, line):
    setattr(settings, name, value)
    findings = found()
    assert list(findings) == [f"peerchat.{finding}"]
    assert line in findings[f"peerchat.{finding}"]


def test_an_app_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(host, "APPS", [*host.APPS, "django.contrib.sites"])
    findings = found()
    assert findings["peerchat.E001"].startswith("INSTALLED_APPS lacks django.contrib.sites.")


def test_an_application_in_wrappers_of_the_host_is_seen(settings):
    settings.ASGI_APPLICATION = f"{HERE}.wrapped"
    assert found() == {}


def test_an_engine_without_the_request(settings):
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "OPTIONS": {"context_processors": []}}]
    assert "context_processors.request" in found()["peerchat.W007"]


def test_sqlite_needs_options(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert "host.SQLITE_OPTIONS" in found()["peerchat.W008"]


PAGES_BELOW = "tests.inclusion.oldsite.urls"
SOCKETS_BELOW = "tests.inclusion.oldsite.asgi.application"


def test_sockets_that_are_not_where_the_pages_look_for_them(settings):
    settings.ROOT_URLCONF = PAGES_BELOW
    findings = found()
    assert list(findings) == ["peerchat.W011"]
    told = findings["peerchat.W011"]
    assert f"The pages look for the sockets at /a/b/ws/, but {SITE} routes them at /ws/." in told
    assert 'sockets = [path("a/b/", URLRouter(websocket_urlpatterns))]' in told
    assert 'PEERCHAT = {"SOCKETS_BELOW": "/"}' in told
    settings.PEERCHAT = {**settings.PEERCHAT, "SOCKETS_BELOW": "/"}
    assert found() == {}


def test_pages_that_are_not_where_the_sockets_are(settings):
    settings.ASGI_APPLICATION = SOCKETS_BELOW
    told = found()["peerchat.W011"]
    assert "sockets = websocket_urlpatterns" in told
    assert 'PEERCHAT = {"SOCKETS_BELOW": "/a/b/"}' in told
    settings.ROOT_URLCONF = PAGES_BELOW
    assert found() == {}


def test_the_path_of_the_whole_site_is_not_routed(settings):
    settings.ROOT_URLCONF, settings.ASGI_APPLICATION = PAGES_BELOW, SOCKETS_BELOW
    set_script_prefix("/site/")
    try:
        assert found() == {}
    finally:
        set_script_prefix("/")


class OldBackend:
    def authenticate(self, request, **credentials): ...

    def get_user(self, user_id): ...


def test_a_backend_that_an_async_server_cannot_ask(settings):
    settings.AUTHENTICATION_BACKENDS = [*host.BACKENDS, f"{HERE}.OldBackend"]
    assert found() == {}
    name = "django.contrib.auth.middleware.PersistentRemoteUserMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, name]
    told = found()["peerchat.W012"]
    assert f"{HERE}.OldBackend lacks aauthenticate, aget_user, so requests behind {name}" in told
    assert "class OldBackend(BaseBackend)" in told


def test_settings_need_not_have_peerchat(settings):
    del settings.PEERCHAT
    assert found() == {}


# --- settings that hurt a deployed site ----------------------------------------------------------

MAILS = "django.core.mail.backends"
HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.fixture
def deployed(settings):
    """The settings that fit deploy/nginx.conf."""
    settings.SECURE_PROXY_SSL_HEADER = HEADER
    settings.METRICS_TOKEN = "secret"
    settings.PEERCHAT = {**settings.PEERCHAT, "TRUSTED_PROXIES": 1}
    return settings


def test_nothing_hurts_behind_nginx(deployed):
    assert found(deploy=True) == {}


@pytest.mark.parametrize(
    ("changes", "finding", "line"),
    [
        (
            {"SECURE_PROXY_SSL_HEADER": None, "SECURE_SSL_REDIRECT": True},
            "W020",
            "TRUST_X_FORWARDED_PROTO=1",
        ),
        ({"PEERCHAT": {"TRUSTED_PROXIES": 0}}, "W021", "TRUSTED_PROXIES=1"),
        ({"METRICS_TOKEN": ""}, "W022", "METRICS_TOKEN="),
        ({"CHANNEL_LAYERS": {"default": host.IN_PROCESS_LAYER}}, "W024", "REDIS_URL="),
        (
            {
                "PEERCHAT": {"TRUSTED_PROXIES": 1, "SIGN_UP": True},
                "EMAIL_BACKEND": f"{MAILS}.dummy.EmailBackend",
            },
            "W027",
            "EMAIL_URL=",
        ),
        (
            {
                "EMAIL_BACKEND": f"{MAILS}.smtp.EmailBackend",
                "DEFAULT_FROM_EMAIL": "peerchat <peerchat@localhost>",
            },
            "W028",
            "DEFAULT_FROM_EMAIL=",
        ),
    ],
)
def test_a_setting_that_hurts_is_named_with_its_remedy(deployed, changes, finding, line):
    for name, value in changes.items():
        setattr(deployed, name, value)
    findings = found(deploy=True)
    assert list(findings) == [f"peerchat.{finding}"]
    assert line in findings[f"peerchat.{finding}"]
    assert found() == {}


def test_several_workers_on_sqlite_hurt_and_one_does_not(deployed, monkeypatch):
    database = deployed.DATABASES["default"]
    monkeypatch.setitem(database, "ENGINE", "django.db.backends.sqlite3")
    monkeypatch.setitem(database, "OPTIONS", host.SQLITE_OPTIONS)
    findings = found(deploy=True)
    assert list(findings) == ["peerchat.W023"]
    assert "DATABASE_URL=" in findings["peerchat.W023"]
    deployed.CHANNEL_LAYERS = {"default": host.IN_PROCESS_LAYER}
    assert found(deploy=True) == {}


def test_other_sites_have_checks_of_their_own(deployed):
    deployed.METRICS_TOKEN = ""
    deployed.ROOT_URLCONF = "tests.inclusion.oldsite.urls"
    assert "peerchat.W022" not in found(deploy=True)


# --- modules of the site with peerchat's names ---------------------------------------------------


@pytest.fixture
def other_rooms(tmp_path):
    (tmp_path / "rooms.py").write_text("")
    return tmp_path


def test_a_module_behind_ours_is_named(other_rooms, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(other_rooms)])
    assert str(other_rooms / "rooms.py") in found()["peerchat.W010"]


def test_a_module_before_ours_is_refused_with_the_ways_that_are_left(other_rooms, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(other_rooms), *sys.path])
    neighbours.refuse_strangers()  # it is loaded
    monkeypatch.delitem(sys.modules, "rooms")
    with pytest.raises(ImproperlyConfigured) as refused:
        neighbours.refuse_strangers()
    for part in (str(other_rooms / "rooms.py"), "`rooms`", "gateway", "frame"):
        assert part in str(refused.value)


def test_a_folder_that_python_passes_over_is_no_matter(tmp_path, monkeypatch):
    # Python prefers a package further down to a folder that has no __init__.py.
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / "models.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "accounts")
    neighbours.refuse_strangers()
    assert list(neighbours.hidden()) == []
