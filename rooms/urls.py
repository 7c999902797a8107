"""The paths of the pages and, below them, of the API."""

from django.urls import include, path

from rooms import (
    course_pages,
    tryout_views,
    views,
    views_guests,
    views_joining,
    views_people,
    views_screen,
)
from rooms.pages import invitations, roster

app_name = "peerchat"
urlpatterns = [
    path("", views.courses, name="courses"),
    path("courses/new/", course_pages.new_course, name="new_course"),
    path("courses/<slug:slug>/settings/", course_pages.settings, name="settings"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("embed/<slug:slug>/", views.embed, name="embed"),
    path("courses/<slug:slug>/instructor/", views.instructor, name="instructor"),
    path("courses/<slug:slug>/screen/", views_screen.screen, name="screen"),
    path("courses/<slug:slug>/screen/change/", views_screen.change, name="change_screen"),
    path("screen/<str:secret>/", views_screen.linked, name="linked_screen"),
    path("screen/qr/<str:code>.svg", views_screen.join_qr, name="screen_qr"),
    path("courses/<slug:slug>/try/", tryout_views.TryOut.as_view(), name="try"),
    path("courses/<slug:slug>/try/end/", tryout_views.end, name="end_try"),
    path("courses/<slug:slug>/try/student/", tryout_views.student, name="try_student"),
    path("courses/<slug:slug>/people/", views_people.people, name="people"),
    path("join/", views_joining.enter_code, name="join"),
    path("join/back/", views_joining.come_back, name="come_back"),
    path("join/place/", views_guests.my_place, name="my_place"),
    path("join/account/", views_guests.make_account, name="guest_account"),
    path("join/log-in/", views_guests.log_in_instead, name="guest_log_in"),
    path("join/merge/", views_guests.merge, name="guest_merge"),
    path("join/<str:code>/", views_joining.join_course, name="join"),
    path("courses/<slug:slug>/roster/", roster.roster, name="roster"),
    path("courses/<slug:slug>/roster/print/", roster.print_links, name="roster-print"),
    path("invitation/", invitations.accept, name="accept-invitation"),
    path("invitation/<str:secret>/", invitations.invitation, name="invitation"),
    path("texts/<str:language>/<slug:version>.js", views.texts, name="texts"),
    path("api/", include("rooms.api.urls")),
]
