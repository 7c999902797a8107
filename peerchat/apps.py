"""The app of the pages and the server, and the one with which peerchat itself runs daphne."""

from types import ModuleType

from django.apps import AppConfig

from peerchat import neighbours


class PeerchatConfig(AppConfig):
    name = "peerchat"
    label = "peerchat"
    verbose_name = "peerchat"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        super().__init__(app_name, app_module)
        # A check of Django's would be too late: without its own modules nothing of peerchat loads.
        neighbours.refuse_strangers()

    def ready(self) -> None:
        # Needs the apps, which are not there yet when this module is imported.
        from peerchat import checks, mail_checks, picture_checks  # noqa: F401


class Daphne(AppConfig):
    """daphne as an app that does not load Twisted.

    daphne's own app loads its server, which doubles the start-up time of every command of
    manage.py. Only a worker serves, and `peerchat.server` loads Twisted there. `runserver` does so
    itself.
    """

    name = "daphne"
    verbose_name = "daphne"
    # The app `peerchat` has another.
    default = False
