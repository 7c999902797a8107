"""The paths of the log-in and log-out pages, and of the choice of a language."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts import languages

app_name = "peerchat_accounts"
urlpatterns = [
    path(
        "login/",
        LoginView.as_view(template_name="accounts/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", languages.choose, name="language"),
]
