"""The settings of a peerchat site, all read from the environment; `.env.example` describes them.

An invalid value stops the process with a message that names it and the valid values.
"""

import operator
import re
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from peerchat import host, mail
from peerchat.environment import (
    env,
    envbool,
    envfloat,
    envint,
    envlimit,
    envlist,
    envorigin,
    envorigins,
    envpath,
)
from rooms.conf import LIMITS, OTHERS, lecturers

BASE_DIR = Path(__file__).resolve().parent.parent


# --- What is running ---------------------------------------------------------------------------

DEBUG = envbool("DEBUG", False)

SECRET_KEY = env("SECRET_KEY", "django-insecure-only-for-debug-on-this-machine" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY must be set. There are two ways:\n"
        "- To try peerchat on this machine, set DEBUG=1, as `make run` does.\n"
        "- For a site, make a file .env with a key beside manage.py, and complete it:\n"
        '  sed "s/^SECRET_KEY=/&$(python3 -c '
        "'import secrets; print(secrets.token_urlsafe(50))')/\" .env.example > .env"
    )
SECRET_KEY_FALLBACKS = envlist("SECRET_KEY_FALLBACKS")

ALLOWED_HOSTS = envlist("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = envlist("CSRF_TRUSTED_ORIGINS")

# The path that the site is below, where it has no host of its own.
SCRIPT_NAME = envpath("SCRIPT_NAME")
FORCE_SCRIPT_NAME = SCRIPT_NAME or None

INSTALLED_APPS = [
    "peerchat.apps.Daphne",  # before staticfiles: `runserver` is daphne's
    "peerchat",
    "accounts",
    "rooms",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "servestatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "peerchat.static_files.StaticFiles",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.languages.LanguageMiddleware",
    "peerchat.probes.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    *host.MIDDLEWARE,
]

ROOT_URLCONF = "peerchat.urls"
ASGI_APPLICATION = "peerchat.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # The settings that only the site defines; the app has the rest.
        "DIRS": [Path(__file__).resolve().parent / "templates" / "site"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
FORMAT_MODULE_PATH = ["peerchat.date_formats"]
TIME_ZONE = env("TIME_ZONE", "UTC")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# --- Store -------------------------------------------------------------------------------------


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at `url` (SQLite or PostgreSQL)."""
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0))
    except ValueError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like sqlite:////path/to/file or "
            "postgres://user:password@host/name."
        ) from error
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        options |= host.SQLITE_OPTIONS
    elif config["ENGINE"] == "django.db.backends.postgresql":
        least, most = envint("DATABASE_POOL_MIN", 2), envint("DATABASE_POOL_MAX", 10, least=1)
        if least > most:
            raise ImproperlyConfigured("DATABASE_POOL_MIN must not be above DATABASE_POOL_MAX.")
        options["pool"] = {
            "min_size": least,
            "max_size": most,
            "timeout": envfloat("DATABASE_POOL_TIMEOUT", 10),
            # The pool then tries again instead of ever more rarely. So waiting callers get a
            # connection as soon as the database is back.
            "reconnect_timeout": 1,
            "reconnect_failed": operator.methodcaller("check"),
        }
        options.setdefault("connect_timeout", 5)
        # A pooler in front of PostgreSQL may not allow prepared statements.
        options["prepare_threshold"] = 5 if envbool("DATABASE_PREPARE", True) else None
    else:
        raise ImproperlyConfigured("DATABASE_URL must name a SQLite or a PostgreSQL database.")
    return config


DATABASES = {"default": database(env("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))}


# --- Channel layer -----------------------------------------------------------------------------

REDIS_URL = env("REDIS_URL", "")


def channel_layer(url: str) -> dict[str, Any]:
    """Return the settings for Redis, or without a URL for a layer that serves one worker only."""
    if not url:
        return host.IN_PROCESS_LAYER
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            "REDIS_URL must look like redis://host:6379/0, rediss://host:6379/0 or unix:///path."
        )
    return {
        "BACKEND": "rooms.delivery.layer.PubSubChannelLayer",
        "CONFIG": {
            "prefix": env("REDIS_PREFIX", "peerchat"),
            "hosts": [
                {
                    "address": url,
                    "socket_timeout": envfloat("REDIS_TIMEOUT", 5, least=0.1),
                    "socket_connect_timeout": envfloat("REDIS_CONNECT_TIMEOUT", 5, least=0.1),
                    "max_connections": envint("REDIS_MAX_CONNECTIONS", 50, least=2),
                }
            ],
        },
    }


CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}


# --- Users and log-ins -------------------------------------------------------------------------

AUTH_USER_MODEL = host.USER_MODEL
AUTHENTICATION_BACKENDS = host.BACKENDS
PASSWORD_HASHERS = host.PASSWORD_HASHERS
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "peerchat_accounts:login"
LOGIN_REDIRECT_URL = "peerchat:courses"
LOGOUT_REDIRECT_URL = "peerchat_accounts:login"

# --- E-mail ------------------------------------------------------------------------------------

MAIL = mail.server(env("EMAIL_URL", ""), debug=DEBUG)
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = MAIL.backend, MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starttls, MAIL.tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = mail.sender(env("DEFAULT_FROM_EMAIL", "peerchat <peerchat@localhost>"))


# --- The HTTP API ------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rooms.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rooms.api.formats.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rooms.api.formats.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rooms.api.formats.JsonAlways",
    "EXCEPTION_HANDLER": "rooms.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# The check generates the document with Django's settings, and `rooms.api.docs` with its own.
SPECTACULAR_SETTINGS = {"ENABLE_DJANGO_DEPLOY_CHECK": False}


# --- Security ----------------------------------------------------------------------------------

# Whether browsers reach the site over TLS, wherever TLS ends.
HTTPS = envbool("HTTPS", not DEBUG)

# Other sites on the host have cookies of their own, perhaps of the same names.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{SCRIPT_NAME}/"
# The cookie for messages of the admin would be at the root of the host.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_PATH = f"{SCRIPT_NAME}/"
LANGUAGE_COOKIE_AGE = 365 * 86_400
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = envbool("SSL_REDIRECT", HTTPS)
# Machines next to the server request these, by plain HTTP and by its address.
PROBES = ["/healthz", "/readyz", "/metrics"]
SECURE_REDIRECT_EXEMPT = [f"^{re.escape(f'{SCRIPT_NAME}{path}'[1:])}$" for path in PROBES]
SECURE_HSTS_SECONDS = envint("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = envbool("HSTS_INCLUDE_SUBDOMAINS", HTTPS)
SECURE_HSTS_PRELOAD = envbool("HSTS_PRELOAD", False)
# Preloading binds the whole registered domain, so its absence is not a fault. The owner decides.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
if HTTPS and not SECURE_SSL_REDIRECT:
    # With SSL_REDIRECT=0, the site says that a proxy redirects, as deploy/nginx.conf does.
    SILENCED_SYSTEM_CHECKS += ["security.W008"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if envbool("TRUST_X_FORWARDED_PROTO", False) else None
)
# If it is set, /metrics requires this bearer token.
METRICS_TOKEN = env("METRICS_TOKEN", "")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}


# --- Static files ------------------------------------------------------------------------------

STATIC_URL = f"{SCRIPT_NAME}/static/"
STATIC_ROOT = env("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
SERVESTATIC_ALLOW_ALL_ORIGINS = False
# The pictures of questions. No address leads to these files: a view decides who sees which.
MEDIA_ROOT = env("MEDIA_ROOT", str(BASE_DIR / "media"))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "peerchat.storage.StaticStorage"
        )
    },
}


# --- The application's own limits --------------------------------------------------------------

PEERCHAT: dict[str, Any] = {
    **{limit.name: envlimit(limit) for limit in LIMITS},
    "PSEUDONYM_KEY": env("PSEUDONYM_KEY", SECRET_KEY),
    "EMBED_ANCESTORS": envorigins("EMBED_ANCESTORS"),
    "LECTURERS": lecturers(env("LECTURERS", OTHERS["LECTURERS"])),
    "SIGN_UP": envbool("SIGN_UP", False),
    "SITE_URL": envorigin("SITE_URL"),
}


# --- Logging -----------------------------------------------------------------------------------

LOG_LEVEL = env("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"},
    },
    "filters": {
        "outages": {"()": "peerchat.outages.OneLine"},
        "secrets": {"()": "peerchat.redaction.Redacting"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["outages", "secrets"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers would mail the administrators and print everything twice.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # At DEBUG these log each frame, each query and, for a missing name in a template, the whole
        # context of the page, with people's texts and the token of a frame.
        "daphne": {"level": "WARNING"},
        "django.template": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},
        "asyncio": {"level": "WARNING"},
    },
}
