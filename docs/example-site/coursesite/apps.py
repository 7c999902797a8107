from django.apps import AppConfig


class CourseSiteConfig(AppConfig):
    name = "coursesite"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Connects the receivers, which need the models.
        from coursesite import receivers  # noqa: F401
