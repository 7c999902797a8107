"""Checks that a project has what peerchat needs, and names the lines to add.

`manage.py check` runs them, and so do the commands of Django that check a project first.
"""

from collections.abc import Callable, Iterator
from typing import Any

from channels.routing import URLRouter
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model, load_backend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import RemoteUserMiddleware
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_script_prefix
from django.utils.module_loading import import_string

from accounts import conf as accounts_conf
from peerchat import host, neighbours
from rooms import addresses, conf
from rooms.conf import LIMITS, OTHERS

TAG = "peerchat"
Found = list[CheckMessage]
DEEP = 8  # wrappers of an ASGI application that are looked into

ROUTES = """asgi.py:
    sockets = [path("class/", URLRouter(websocket_urlpatterns))]
    application = ProtocolTypeRouter({
        "http": LongPolling(application),
        "websocket": SocketAuthMiddleware(URLRouter(sockets)),
    })"""


def check(function: Callable[[], Iterator[CheckMessage]]) -> Callable[..., Found]:
    """Register a check that yields its findings."""

    def run(**kwargs: Any) -> Found:
        return list(function())

    checks.register(run, TAG)
    return run


def deployment_check(function: Callable[[], Iterator[CheckMessage]]) -> Callable[..., Found]:
    """Register a check of peerchat's own site for `check --deploy`, which yields its findings.

    The hints name variables that only the settings of that site read.
    """

    def run(**kwargs: Any) -> Found:
        return list(function()) if settings.ROOT_URLCONF == "peerchat.urls" else []

    checks.register(run, TAG, deploy=True)
    return run


@check
def installed_apps() -> Iterator[CheckMessage]:
    missing = [name for name in ("daphne", *host.APPS) if not apps.is_installed(name)]
    if missing:
        yield Error(
            f"INSTALLED_APPS lacks {_listed(missing)}.",
            hint='INSTALLED_APPS = ["daphne", *INSTALLED_APPS, *host.APPS]',
            id="peerchat.E001",
        )


@check
def user_model() -> Iterator[CheckMessage]:
    if not issubclass(get_user_model(), AbstractBaseUser):
        yield Error(
            f"AUTH_USER_MODEL is {settings.AUTH_USER_MODEL}, which does not extend "
            "AbstractBaseUser, so peerchat cannot tell when a log-in ends.",
            hint="AUTH_USER_MODEL = host.USER_MODEL  # for a site without users of its own",
            id="peerchat.E002",
        )


@check
def channel_layer() -> Iterator[CheckMessage]:
    if not getattr(settings, "CHANNEL_LAYERS", {}).get("default"):
        yield Error(
            "CHANNEL_LAYERS has no default, so no message reaches another socket.",
            hint='CHANNEL_LAYERS = {"default": host.IN_PROCESS_LAYER}  # for one worker',
            id="peerchat.E003",
        )


@check
def asgi_application() -> Iterator[CheckMessage]:
    name = getattr(settings, "ASGI_APPLICATION", None)
    package, _, _ = settings.ROOT_URLCONF.rpartition(".")
    line = f'ASGI_APPLICATION = "{package or "mysite"}.asgi.application"'
    if not name:
        yield Error(
            "ASGI_APPLICATION is not set, so nothing serves the sockets.",
            hint=line,
            id="peerchat.E004",
        )
        return
    # Commands without checks start faster if these are imported here.
    from channels.routing import ProtocolTypeRouter, get_default_application

    from accounts.middleware import SocketAuthMiddleware  # as above
    from rooms.api.longpoll import LongPolling  # as above: it loads the REST framework

    try:
        application = get_default_application()
    except ImproperlyConfigured as error:
        yield Error(
            f"{error} ({error.__context__}).",
            hint=line,
            id="peerchat.E005",
        )
        return
    router = next(_inside(application, ProtocolTypeRouter), None)
    branches = router.application_mapping if router else {}
    if "websocket" not in branches:
        yield Error(f"{name} does not route WebSockets.", hint=ROUTES, id="peerchat.E006")
    elif not any(_inside(branches["websocket"], SocketAuthMiddleware)):
        yield checks.Warning(
            f"{name} does not authenticate the sockets.", hint=ROUTES, id="peerchat.W001"
        )
    yield from _misplaced(branches.get("websocket"), name)
    if router and not any(_inside(branches.get("http"), LongPolling)):
        yield checks.Warning(
            f"{name} has no long polling, so pages without WebSockets ask again and again.",
            hint=ROUTES,
            id="peerchat.W002",
        )


@check
def urls() -> Iterator[CheckMessage]:
    if "rooms.urls" not in set(_included(get_resolver())):
        yield checks.Warning(
            "No URL leads to rooms.urls.",
            hint='urlpatterns += [path("class/", include("rooms.urls"))]',
            id="peerchat.W003",
        )


@check
def log_ins() -> Iterator[CheckMessage]:
    lockout = host.BACKENDS[0]
    if settings.AUTH_USER_MODEL != host.USER_MODEL and lockout not in (
        settings.AUTHENTICATION_BACKENDS
    ):
        # The log-in of a site with users of its own is the site's.
        return
    if lockout not in settings.AUTHENTICATION_BACKENDS:
        yield checks.Warning(
            f"AUTHENTICATION_BACKENDS lacks {lockout}, so nothing stops guesses at passwords.",
            hint="AUTHENTICATION_BACKENDS = host.BACKENDS",
            id="peerchat.W004",
        )
        return
    if settings.AUTHENTICATION_BACKENDS[0] != lockout:
        yield checks.Warning(
            f"{lockout} is not the first of AUTHENTICATION_BACKENDS, so the backends before it "
            "accept guesses without a limit.",
            hint="AUTHENTICATION_BACKENDS = host.BACKENDS",
            id="peerchat.W005",
        )
    missing = [name for name in host.MIDDLEWARE if name not in settings.MIDDLEWARE]
    if missing:
        yield checks.Warning(
            f"MIDDLEWARE lacks {_listed(missing)}, which {lockout} needs.",
            hint="MIDDLEWARE += host.MIDDLEWARE",
            id="peerchat.W006",
        )


@check
def remote_users() -> Iterator[CheckMessage]:
    names = [
        name
        for name in settings.MIDDLEWARE
        if isinstance(found := import_string(name), type)
        and issubclass(found, RemoteUserMiddleware)
    ]
    if not names:
        return
    for path in settings.AUTHENTICATION_BACKENDS:
        backend = load_backend(path)
        needed = ["aauthenticate", *(["aget_user"] if hasattr(backend, "get_user") else [])]
        missing = [method for method in needed if not hasattr(backend, method)]
        if missing:
            yield checks.Warning(
                f"{path} lacks {_listed(missing)}, so requests behind {names[0]} fail on an ASGI "
                "server.",
                hint="from django.contrib.auth.backends import BaseBackend\n"
                f"class {type(backend).__name__}(BaseBackend): ...  # has both",
                id="peerchat.W012",
            )


@check
def context_processor() -> Iterator[CheckMessage]:
    name = "django.template.context_processors.request"
    templates: list[dict[str, Any]] = settings.TEMPLATES
    engines = [
        engine.get("OPTIONS", {}).get("context_processors", [])
        for engine in templates
        if engine.get("BACKEND") == "django.template.backends.django.DjangoTemplates"
    ]
    if engines and not any(name in processors for processors in engines):
        yield checks.Warning(
            f"TEMPLATES lacks the context processor {name}, which the template tags need.",
            hint=f'TEMPLATES[0]["OPTIONS"]["context_processors"] += ["{name}"]',
            id="peerchat.W007",
        )


@check
def sqlite() -> Iterator[CheckMessage]:
    database = settings.DATABASES.get("default", {})
    if database.get("ENGINE") != "django.db.backends.sqlite3":
        return
    if database.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
        yield checks.Warning(
            "On this SQLite database, writers that meet fail instead of waiting.",
            hint='DATABASES["default"]["OPTIONS"] = host.SQLITE_OPTIONS',
            id="peerchat.W008",
        )


@check
def limits() -> Iterator[CheckMessage]:
    given: dict[str, Any] = getattr(settings, "PEERCHAT", {})
    known = {limit.name: limit for limit in LIMITS}
    for name, value in given.items():
        if name in OTHERS or name in accounts_conf.OTHERS:
            continue
        if name not in known:
            yield checks.Warning(
                f"PEERCHAT has no {name}.", hint="See rooms/conf.py.", id="peerchat.W009"
            )
            continue
        limit = known[name]
        is_whole = isinstance(limit.default, int)
        kinds: Any = int if is_whole else (int, float)
        if not isinstance(value, kinds) or not value >= limit.least:
            kind = "a whole number" if is_whole else "a number"
            yield Error(
                f'PEERCHAT["{name}"] must be {kind} of at least {limit.least:g}, not {value!r}.',
                hint=limit.help,
                id="peerchat.E007",
            )


@check
def lecturers() -> Iterator[CheckMessage]:
    try:
        conf.lecturers(conf.limits["LECTURERS"])
    except ImproperlyConfigured as error:
        yield Error(f"PEERCHAT: {error}", id="peerchat.E008")


@check
def hidden_modules() -> Iterator[CheckMessage]:
    for name, place in neighbours.hidden():
        yield checks.Warning(
            f"{place} cannot be imported, because peerchat has a module `{name}`, too.",
            hint=neighbours.WAYS_LEFT,
            id="peerchat.W010",
        )


@deployment_check
def redirects() -> Iterator[CheckMessage]:
    if settings.SECURE_SSL_REDIRECT and settings.SECURE_PROXY_SSL_HEADER is None:
        yield checks.Warning(
            "Behind a proxy that ends TLS, every page redirects to itself for ever: peerchat does "
            "not trust what the proxy says of the browser's connection.",
            hint="TRUST_X_FORWARDED_PROTO=1 for a proxy that overwrites X-Forwarded-Proto, such "
            "as that of deploy/nginx.conf; HTTPS=0 for a site without TLS",
            id="peerchat.W020",
        )


@deployment_check
def proxies() -> Iterator[CheckMessage]:
    if settings.SECURE_PROXY_SSL_HEADER is not None and not accounts_conf.limits["TRUSTED_PROXIES"]:
        yield checks.Warning(
            "All users seem to come from the address of the proxy, so wrong passwords for a "
            "username, whoever tries them, lock out its owner, too.",
            hint="TRUSTED_PROXIES=1, plus one for each further proxy",
            id="peerchat.W021",
        )


@deployment_check
def open_metrics() -> Iterator[CheckMessage]:
    if not settings.METRICS_TOKEN:
        yield checks.Warning(
            "Everyone can read /metrics.",
            hint="METRICS_TOKEN=<a long random string>",
            id="peerchat.W022",
        )


@deployment_check
def number_of_workers() -> Iterator[CheckMessage]:
    on_sqlite = settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
    alone = settings.CHANNEL_LAYERS["default"] == host.IN_PROCESS_LAYER
    if on_sqlite and not alone:
        yield checks.Warning(
            "REDIS_URL is set, as for several workers, but their writes to a SQLite database wait "
            "for one another.",
            hint="DATABASE_URL=postgres://...",
            id="peerchat.W023",
        )
    elif alone and not on_sqlite:
        yield checks.Warning(
            "Without REDIS_URL, the site can have only one worker.",
            hint="REDIS_URL=redis://localhost:6379/0",
            id="peerchat.W024",
        )


def _misplaced(sockets: Any, name: str) -> Iterator[CheckMessage]:
    """Find out whether the pages look for the sockets where they are not routed."""
    # Commands without checks start faster if this is imported here.
    from rooms.consumers.chat import ChatConsumer

    try:
        place = addresses.sockets_base()
    except NoReverseMatch:
        # The pages are nowhere, as another check says.
        return
    routed = [
        path.removesuffix("ws/chat/")
        for path, application in _routes(sockets)
        if _consumer(application) is ChatConsumer
    ]
    below = place.removeprefix(get_script_prefix()).removeprefix("/")
    if not routed or _consumer(_resolve(sockets, f"{below}ws/chat/")) is ChatConsumer:
        return
    route = f'path("{below}", URLRouter(websocket_urlpatterns))' if below else ""
    yield checks.Warning(
        f"The pages look for the sockets at {place}ws/, but {name} routes them at "
        f"{_listed([f'/{path}ws/' for path in routed])}.",
        hint=f"asgi.py:\n    sockets = {f'[{route}]' if route else 'websocket_urlpatterns'}\n"
        "or, if a proxy changes the path of the sockets, in settings.py the path in front of ws/:\n"
        f'    PEERCHAT = {{"SOCKETS_BELOW": "/{routed[0]}"}}',
        id="peerchat.W011",
    )


def _consumer(application: Any) -> Any:
    return getattr(application, "consumer_class", None)


def _routes(application: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Find the applications behind the routes of an ASGI application, with their paths."""
    for router in _inside(application, URLRouter):
        for route in router.routes:
            path = before + str(route.pattern).removeprefix("^")
            yield path, route.callback
            if _consumer(route.callback) is None:
                yield from _routes(route.callback, path)


def _resolve(application: Any, path: str) -> Any:
    """Return the application that gets the sockets of a path."""
    for router in _inside(application, URLRouter):
        for route in router.routes:
            if match := route.pattern.match(path.lstrip("/")):
                is_last = _consumer(route.callback) is not None
                return route.callback if is_last else _resolve(route.callback, match[0])
    return None


def _inside(application: Any, kind: type, deep: int = DEEP) -> Iterator[Any]:
    """Find instances of a class among an ASGI application and the applications inside it."""
    if isinstance(application, kind):
        yield application
    elif deep:
        for inner in getattr(application, "__dict__", {}).values():
            if callable(inner):
                yield from _inside(inner, kind, deep - 1)


def _included(resolver: URLResolver) -> Iterator[str]:
    """Find the names of all modules that the site's URLs include."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield getattr(pattern.urlconf_module, "__name__", "")
            yield from _included(pattern)


def _listed(names: list[str]) -> str:
    return ", ".join(names)
