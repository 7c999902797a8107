from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoomsConfig(AppConfig):
    name = "rooms"
    default_auto_field = "django.db.models.BigAutoField"
    # The prefix keeps tables and permissions apart from those of the site around peerchat.
    label = "peerchat_rooms"
    verbose_name = _("Courses and rooms")

    def ready(self) -> None:
        # This needs the models, which are not loaded yet when this module is imported.
        from rooms import signals  # noqa: F401
