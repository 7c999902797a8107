from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    # The prefix keeps tables and permissions apart from those of the site around peerchat.
    label = "peerchat_accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        # These need the models, which are not loaded yet when this module is imported.
        from accounts import lockout, signals

        signals.connect()
        user_login_failed.connect(lockout.count_failure)
        user_logged_in.connect(lockout.forget_failures)
