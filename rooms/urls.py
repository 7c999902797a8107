"""The paths of the pages and, below them, of the API."""

from django.urls import include, path

from rooms import views
from rooms.pages import invitations, roster

app_name = "peerchat"
urlpatterns = [
    path("", views.courses, name="courses"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("embed/<slug:slug>/", views.embed, name="embed"),
    path("courses/<slug:slug>/instructor/", views.instructor, name="instructor"),
    path("courses/<slug:slug>/roster/", roster.roster, name="roster"),
    path("courses/<slug:slug>/roster/print/", roster.print_links, name="roster-print"),
    path("invitation/", invitations.accept, name="accept-invitation"),
    path("invitation/<str:secret>/", invitations.invitation, name="invitation"),
    path("texts/<str:language>/<slug:version>.js", views.texts, name="texts"),
    path("api/", include("rooms.api.urls")),
]
