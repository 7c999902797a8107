from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Accounts"

    def ready(self) -> None:
        # This needs the models, which are not loaded yet when this module is imported.
        from accounts import lockout

        user_login_failed.connect(lockout.count_failure)
        user_logged_in.connect(lockout.forget_failures)
