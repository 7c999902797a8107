"""The paths of the pages and, below them, of the API."""

from django.urls import include, path

from rooms import tryout_views, views

app_name = "peerchat"
urlpatterns = [
    path("", views.courses, name="courses"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("embed/<slug:slug>/", views.embed, name="embed"),
    path("courses/<slug:slug>/instructor/", views.instructor, name="instructor"),
    path("courses/<slug:slug>/try/", tryout_views.TryOut.as_view(), name="try"),
    path("courses/<slug:slug>/try/end/", tryout_views.end, name="end_try"),
    path("courses/<slug:slug>/try/student/", tryout_views.student, name="try_student"),
    path("texts/<str:language>/<slug:version>.js", views.texts, name="texts"),
    path("api/", include("rooms.api.urls")),
]
