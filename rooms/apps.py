from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "rooms"
    label = "rooms"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Courses and rooms"

    def ready(self) -> None:
        # This needs the models, which are not loaded yet when this module is imported.
        from rooms import signals  # noqa: F401
