"""The paths of the API."""

from django.urls import path, re_path

from rooms.api import docs, moderation
from rooms.api import endpoint as views

urlpatterns = [
    path("tokens/", views.Tokens.as_view()),
    path("tokens/current/", views.CurrentToken.as_view()),
    path("courses/", views.Courses.as_view()),
    path("courses/<slug:slug>/questions/", views.Questions.as_view()),
    path("courses/<slug:slug>/state/", views.State.as_view()),
    path("courses/<slug:slug>/vote/", views.Votes.as_view()),
    path("courses/<slug:slug>/votes/", views.MyVotes.as_view()),
    path("courses/<slug:slug>/partners/", views.Partners.as_view()),
    path("courses/<slug:slug>/control/", views.Control.as_view()),
    path("courses/<slug:slug>/sessions/", views.Sessions.as_view()),
    path("courses/<slug:slug>/mutes/", moderation.Mutes.as_view()),
    path("courses/<slug:slug>/mutes/<str:username>/", moderation.OneMute.as_view()),
    path("courses/<slug:slug>/uselog/", views.UseLog.as_view()),
    path("rooms/", views.Rooms.as_view()),
    path("rooms/<str:room>/", moderation.OneRoom.as_view()),
    path("rooms/<str:room>/join/", moderation.Join.as_view()),
    path("rooms/<str:room>/leave/", moderation.Leave.as_view()),
    path("rooms/<str:room>/read/", moderation.Read.as_view()),
    path("rooms/<str:room>/users/", moderation.Users.as_view()),
    path("rooms/<str:room>/messages/", views.Messages.as_view()),
    path("rooms/<str:room>/messages/<int:seq>/", moderation.OneMessage.as_view()),
    path("direct/<str:username>/messages/", moderation.Direct.as_view()),
    path("mentions/", moderation.Mentions.as_view()),
    path("search/", moderation.Search.as_view()),
    path("peer/messages/", views.PeerMessages.as_view()),
    path("schema/", docs.OpenApi.as_view(), name="openapi"),
    path("docs/", docs.page, name="api-docs"),
    path("asyncapi.json", docs.async_api, name="asyncapi"),
    # A name of its own would hide it from nobody: whatever else is below /api/.
    re_path(r"", views.Nothing.as_view()),
]
