"""The settings of the stock site, on the servers of `tests.servers`."""

import os

import dj_database_url

SECRET_KEY = "only-for-benchmarks"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "tests.benchmarks.peers.stock",
    "channels",
]
ASGI_APPLICATION = "tests.benchmarks.peers.stock.asgi.application"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# With Django's own pool: without it Channels would connect anew for each message.
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=0)}
DATABASES["default"]["OPTIONS"] = {"pool": True}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # Three limits would get in the way of hundreds of clients who act at once: redis-py 8
            # has 100 connections for each pool, after which a consumer fails, and gives up on one
            # after 5 s of silence, and the layer drops silently beyond 100 waiting messages.
            "hosts": [
                {
                    "address": os.environ["REDIS_URL"],
                    "max_connections": 10_000,
                    "socket_timeout": 60,
                }
            ],
            "capacity": 100_000,
        },
    },
}
