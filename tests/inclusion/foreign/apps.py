from django.apps import AppConfig


class Riverside(AppConfig):
    name = "tests.inclusion.foreign"
    label = "rooms"
    verbose_name = "Lecture halls and people"
    default_auto_field = "django.db.models.BigAutoField"
