"""The paths of the pages and, below them, of the API."""

from django.urls import include, path

from rooms import views
from rooms.pages import (
    courses,
    exports,
    guests,
    invitations,
    joining,
    marks,
    pairing,
    people,
    pictures,
    question_editor,
    question_export,
    question_import,
    questions,
    roster,
    screen,
    tryouts,
    yields,
)

app_name = "peerchat"
urlpatterns = [
    path("", views.courses, name="courses"),
    path("courses/new/", courses.new_course, name="new_course"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("courses/<slug:slug>/instructor/", views.instructor, name="instructor"),
    path("courses/<slug:slug>/marks/", marks.marks, name="marks"),
    path("courses/<slug:slug>/marks/<int:enrollment>/", marks.marks_of, name="marks_of"),
    path("courses/<slug:slug>/my-marks/", marks.my_marks, name="my_marks"),
    path("courses/<slug:slug>/exports/", exports.exports, name="exports"),
    path("courses/<slug:slug>/exports/download/", exports.export_download, name="export_download"),
    path("courses/<slug:slug>/people/", people.people, name="people"),
    path("courses/<slug:slug>/pairing/", pairing.pairing, name="pairing"),
    path("courses/<slug:slug>/pairing/yields/", yields.yields, name="yields"),
    path(
        "courses/<slug:slug>/questions/import/",
        question_import.question_import,
        name="question_import",
    ),
    path(
        "courses/<slug:slug>/questions/export/",
        question_export.question_export,
        name="question_export",
    ),
    path("courses/<slug:slug>/pictures/<str:key>/", pictures.picture, name="picture"),
    path("courses/<slug:slug>/questions/", questions.questions, name="questions"),
    path(
        "courses/<slug:slug>/questions/preview/<slug:view>/",
        question_editor.preview,
        name="question_preview",
    ),
    path(
        "courses/<slug:slug>/questions/<slug:question>/", question_editor.question, name="question"
    ),
    path("courses/<slug:slug>/roster/", roster.roster, name="roster"),
    path("courses/<slug:slug>/roster/print/", roster.print_links, name="roster-print"),
    path("courses/<slug:slug>/screen/", screen.screen, name="screen"),
    path("courses/<slug:slug>/screen/change/", screen.change, name="change_screen"),
    path("courses/<slug:slug>/settings/", courses.settings, name="settings"),
    path("courses/<slug:slug>/try/", tryouts.TryOut.as_view(), name="try"),
    path("courses/<slug:slug>/try/end/", tryouts.end, name="end_try"),
    path("courses/<slug:slug>/try/student/", tryouts.student, name="try_student"),
    path("join/", joining.enter_code, name="join"),
    path("join/back/", joining.come_back, name="come_back"),
    path("join/place/", guests.my_place, name="my_place"),
    path("join/account/", guests.make_account, name="guest_account"),
    path("join/log-in/", guests.log_in_instead, name="guest_log_in"),
    path("join/merge/", guests.merge, name="guest_merge"),
    path("join/<str:code>/", joining.join_course, name="join"),
    path("invitation/", invitations.accept, name="accept-invitation"),
    path("invitation/<str:secret>/", invitations.invitation, name="invitation"),
    path("screen/qr/<str:code>.svg", screen.join_qr, name="screen_qr"),
    path("screen/<str:secret>/", screen.linked, name="linked_screen"),
    path("screen/<str:secret>/pictures/<str:key>/", pictures.of_screen, name="screen_picture"),
    path("embed/<slug:slug>/", views.embed, name="embed"),
    path(
        "embed/<slug:slug>/pictures/<str:secret>/<str:key>/",
        pictures.by_token,
        name="token_picture",
    ),
    path("texts/<str:language>/<slug:version>.js", views.texts, name="texts"),
    path("api/", include("rooms.api.urls")),
]
