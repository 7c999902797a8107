"""The paths of the pages and, below them, of the API."""

from django.urls import include, path

from rooms import screen_views, views

app_name = "peerchat"
urlpatterns = [
    path("", views.courses, name="courses"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("embed/<slug:slug>/", views.embed, name="embed"),
    path("courses/<slug:slug>/instructor/", views.instructor, name="instructor"),
    path("courses/<slug:slug>/screen/", screen_views.screen, name="screen"),
    path("courses/<slug:slug>/screen/change/", screen_views.change, name="change_screen"),
    path("screen/<str:secret>/", screen_views.linked, name="linked_screen"),
    path("screen/qr/<str:code>.svg", screen_views.join_qr, name="screen_qr"),
    path("texts/<str:language>/<slug:version>.js", views.texts, name="texts"),
    path("api/", include("rooms.api.urls")),
]
