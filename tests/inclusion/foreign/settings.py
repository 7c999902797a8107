"""The settings of the site. DATABASE_URL and REDIS_URL name its stores."""

import os

import dj_database_url
from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC

from peerchat import host

DEBUG = False
SECRET_KEY = "only-for-tests-" + "0123456789" * 5
ALLOWED_HOSTS = ["127.0.0.1"]

INSTALLED_APPS = [
    "daphne",
    "tests.inclusion.foreign.apps.Riverside",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    *host.APPS,
]
AUTH_USER_MODEL = "rooms.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PEERCHAT = {
    "DISPLAY_NAME": "tests.inclusion.foreign.names.called",
    "NAME_GUEST": "tests.inclusion.foreign.names.name_guest",
}

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
}
ROOT_URLCONF = "tests.inclusion.foreign.urls"
ASGI_APPLICATION = "tests.inclusion.foreign.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
STATIC_URL = "/static/"
MEDIA_ROOT = os.environ.get("MEDIA_ROOT", "")

DATABASES = {"default": dict(dj_database_url.parse(os.environ["DATABASE_URL"]))}
# The site's own tests need the tables; that the migrations make them is for ours to show.
DATABASES["default"]["TEST"] = {"MIGRATE": False}
CHANNEL_LAYERS = {"default": host.IN_PROCESS_LAYER}
if os.environ["DATABASE_URL"].startswith("sqlite"):
    DATABASES["default"]["OPTIONS"] = host.SQLITE_OPTIONS
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "rooms.delivery.layer.PubSubChannelLayer",
            "CONFIG": {
                "prefix": os.environ["REDIS_PREFIX"],
                "hosts": [{"address": os.environ["REDIS_URL"]}],
            },
        }
    }
USE_TZ = True

LOGIN_URL = "login"
