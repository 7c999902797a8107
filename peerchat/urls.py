"""The paths of the HTTP endpoints."""

from django.contrib import admin
from django.urls import include, path

from peerchat import views

handler500 = "peerchat.outages.server_error"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("accounts.pages.urls")),
    path("", include("rooms.urls")),
]
