"""The app that peerchat itself runs daphne by."""

from django.apps import AppConfig


class Daphne(AppConfig):
    """daphne as an app that does not load Twisted.

    daphne's own loads its server, which doubles the time that every command of manage.py takes to
    start. Only a worker serves, and `peerchat.server` loads it there; `runserver` does so itself.
    """

    name = "daphne"
    verbose_name = "daphne"
    # The app `peerchat` has none of its own.
    default = False
