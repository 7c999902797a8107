"""The app with which peerchat itself runs daphne."""

from django.apps import AppConfig


class Daphne(AppConfig):
    """daphne as an app that does not load Twisted.

    daphne's own app loads its server, which doubles the start-up time of every command of
    manage.py. Only a worker serves, and `peerchat.server` loads Twisted there. `runserver` does so
    itself.
    """

    name = "daphne"
    verbose_name = "daphne"
    # The app `peerchat` has none of its own.
    default = False
