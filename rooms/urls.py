"""The paths of the pages and, below them, of the API."""

from django.urls import include, path

from rooms import views, views_guests, views_joining, views_people

app_name = "peerchat"
urlpatterns = [
    path("", views.courses, name="courses"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("embed/<slug:slug>/", views.embed, name="embed"),
    path("courses/<slug:slug>/instructor/", views.instructor, name="instructor"),
    path("courses/<slug:slug>/people/", views_people.people, name="people"),
    path("join/", views_joining.enter_code, name="join"),
    path("join/back/", views_joining.come_back, name="come_back"),
    path("join/place/", views_guests.my_place, name="my_place"),
    path("join/account/", views_guests.make_account, name="guest_account"),
    path("join/log-in/", views_guests.log_in_instead, name="guest_log_in"),
    path("join/merge/", views_guests.merge, name="guest_merge"),
    path("join/<str:code>/", views_joining.join_course, name="join"),
    path("texts/<str:language>/<slug:version>.js", views.texts, name="texts"),
    path("api/", include("rooms.api.urls")),
]
