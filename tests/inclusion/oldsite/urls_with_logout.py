"""The site's pages, with a log-out by the name that Django's own examples give it."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from tests.inclusion.oldsite import urls

urlpatterns = [*urls.urlpatterns, path("out/", LogoutView.as_view(), name="logout")]
