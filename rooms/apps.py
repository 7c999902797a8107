from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "rooms"
    label = "rooms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Courses and rooms"

    def ready(self) -> None:
        # Needs the models, which are not there yet when this module is imported.
        from rooms import signals  # noqa: F401
