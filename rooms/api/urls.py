"""The paths of the API."""

from django.urls import path, re_path

from rooms.api import (
    classroom,
    courses,
    docs,
    endpoint,
    messages,
    moderation,
    rooms,
    roster,
    tokens,
)

urlpatterns = [
    path("tokens/", tokens.Tokens.as_view()),
    path("tokens/current/", tokens.CurrentToken.as_view()),
    path("courses/", courses.Courses.as_view()),
    path("courses/<slug:slug>/questions/", courses.Questions.as_view()),
    path("courses/<slug:slug>/state/", classroom.State.as_view()),
    path("courses/<slug:slug>/vote/", classroom.Votes.as_view()),
    path("courses/<slug:slug>/draft/", classroom.Drafts.as_view()),
    path("courses/<slug:slug>/votes/", classroom.MyVotes.as_view()),
    path("courses/<slug:slug>/partners/", classroom.Partners.as_view()),
    path("courses/<slug:slug>/control/", classroom.Control.as_view()),
    path("courses/<slug:slug>/sessions/", courses.Sessions.as_view()),
    path("courses/<slug:slug>/mutes/", moderation.Mutes.as_view()),
    path("courses/<slug:slug>/mutes/<path:username>/", moderation.OneMute.as_view()),
    path("courses/<slug:slug>/roster/", roster.Roster.as_view()),
    path("courses/<slug:slug>/uselog/", courses.UseLog.as_view()),
    path("rooms/", rooms.Rooms.as_view()),
    path("rooms/<str:room>/", rooms.OneRoom.as_view()),
    path("rooms/<str:room>/join/", rooms.Join.as_view()),
    path("rooms/<str:room>/leave/", rooms.Leave.as_view()),
    path("rooms/<str:room>/read/", messages.Read.as_view()),
    path("rooms/<str:room>/users/", rooms.Users.as_view()),
    path("rooms/<str:room>/messages/", messages.Messages.as_view()),
    path("rooms/<str:room>/messages/<int:seq>/", messages.OneMessage.as_view()),
    path("direct/<path:username>/messages/", messages.Direct.as_view()),
    path("mentions/", messages.Mentions.as_view()),
    path("search/", messages.Search.as_view()),
    path("peer/messages/", classroom.PeerMessages.as_view()),
    path("schema/", docs.OpenApi.as_view(), name="openapi"),
    path("docs/", docs.page, name="api-docs"),
    path("asyncapi.json", docs.async_api, name="asyncapi"),
    # Every other address below the API; the name is that of its first address.
    re_path(r"", endpoint.Nothing.as_view(), name="api"),
]
