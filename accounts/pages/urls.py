"""The paths of the pages of one's own account, for peerchat's own site.

A site with users of its own has pages of its own, and does not include these.
"""

from django.urls import path

from accounts.pages import passwords, profile, sign_up

app_name = "peerchat_pages"
urlpatterns = [
    path("me/", profile.profile, name="me"),
    path("password/", passwords.Change.as_view(), name="password"),
    path("reset/", passwords.reset, name="reset"),
    path("reset/sent/", passwords.reset_sent, name="reset-sent"),
    path("reset/<str:uidb64>/<str:token>/", passwords.Confirm.as_view(), name="reset-confirm"),
    path("sign-up/", sign_up.sign_up, name="sign-up"),
    path("sign-up/sent/", sign_up.sent, name="sign-up-sent"),
    path("sign-up/confirm/", sign_up.confirm, name="sign-up-confirm"),
]
