"""The site's own pages, by names that peerchat's pages have as well, and peerchat below them."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from tests.inclusion.oldsite import views

urlpatterns = [
    path("", views.index, name="index"),
    path("courses/", views.index, name="courses"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("sign-in/", LoginView.as_view(template_name="oldsite/login.html"), name="login"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("admin/", admin.site.urls),
    path("a/b/", include("rooms.urls")),
]
