"""The endpoints of the questions that a student finds again, and of their bookmarks."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions, ratelimit
from rooms.actions.bookmarks import set_bookmark
from rooms.api import serializers
from rooms.api.bodies import Listed, ListQuery
from rooms.api.endpoint import Endpoint, asked, listed
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.peer.posed import Ballot
from rooms.queries import mine as queries
from rooms.queries.mine import Mine


class MineQuery(ListQuery, frozen=True, kw_only=True):
    """Which questions: all, those to look at again, or those with a bookmark; and words in them."""

    show: Literal["all", "again", "marked"] = "all"
    q: Annotated[str, Meta(max_length=100)] = ""


class MyAnswer(Struct, frozen=True, kw_only=True):
    """An answer of one's own. `right` is null until the result was shown, and if it is unknown."""

    choice: str
    confidence: int | None
    right: bool | None


class MyQuestion(Struct, frozen=True, kw_only=True):
    """A question that was posed, with one's answers. `again` says why to look at it again."""

    round: int
    question: str
    prompt: str
    asked_at: float
    revealed: bool
    bookmark: bool
    first: MyAnswer | None
    second: MyAnswer | None
    again: Literal["sure_wrong", "changed_wrong", "wrong", "unsure_right", "missed"] | None


class MyQuestions(Listed[MyQuestion], frozen=True):
    """The questions that the class was shown, the newest first, or the most urgent ones."""


class CourseMine(Endpoint):
    @extend_schema(
        operation_id="courses_mine_list",
        summary="List the questions that your class was shown, with your answers",
        description="A question is listed once the class has gone on.",
        parameters=query(MineQuery),
        responses={200: serializers.of(MyQuestions)} | refusals(*READING, 429),
    )
    def get(self, request: Request, slug: str) -> Response:
        me = self.me(request)
        course = permissions.enrolled(me, slug).course
        wanted = asked(request, MineQuery)
        if wanted.q:
            ratelimit.searches.take(me.pk)
        found = queries.questions(me, course, show=wanted.show, search=wanted.q)
        return Response(listed(request, found, _shown, wanted))


class CourseBookmark(Endpoint):
    @extend_schema(
        operation_id="courses_bookmarks_update",
        summary="Mark a question for yourself",
        description="Nobody else sees it. A repeated request has no effect.",
        request=None,
        responses={204: None} | refusals(*WRITING),
    )
    def put(self, request: Request, slug: str, question: str) -> Response:
        set_bookmark(user=self.me(request), course=slug, question=question, marked=True)
        return Response(status=204)

    @extend_schema(
        operation_id="courses_bookmarks_destroy",
        summary="Take a bookmark back",
        request=None,
        responses={204: None} | refusals(*WRITING),
    )
    def delete(self, request: Request, slug: str, question: str) -> Response:
        set_bookmark(user=self.me(request), course=slug, question=question, marked=False)
        return Response(status=204)


def _shown(part: list[Mine]) -> Iterable[MyQuestion]:
    return (
        MyQuestion(
            round=one.round.pk,
            question=one.slug,
            prompt=one.asked.prompt,
            asked_at=one.round.opened_at.timestamp(),
            revealed=one.result is not None,
            bookmark=one.is_marked,
            first=_answer(one.first),
            second=_answer(one.second),
            again=None if one.why is None else one.why.value,
        )
        for one in part
    )


def _answer(ballot: Ballot | None) -> MyAnswer | None:
    if ballot is None:
        return None
    return MyAnswer(choice=ballot.choice, confidence=ballot.confidence, right=ballot.right)
