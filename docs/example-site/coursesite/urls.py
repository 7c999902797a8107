"""The site's own pages, and below them what peerchat needs."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from coursesite import views

urlpatterns = [
    path("", views.home, name="home"),
    path("lessons/<slug:slug>/", views.lesson, name="lesson"),
    path("lessons/<slug:slug>/results/", views.results, name="lesson-results"),
    path("lessons/<slug:slug>/join/", views.join, name="join"),
    path("lessons/<slug:slug>/leave/", views.leave, name="leave"),
    path("lessons/<slug:slug>/steps/<slug:name>/", views.step, name="lesson-step"),
    path("login/", LoginView.as_view(template_name="coursesite/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("class/", include("rooms.urls")),
]
