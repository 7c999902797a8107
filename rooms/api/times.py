"""The endpoint that suggests how long a vote on a question may take."""

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.api import serializers
from rooms.api.endpoint import Endpoint
from rooms.api.schema import READING, extend_schema, refusals
from rooms.models import Question
from rooms.queries.slugs import find_question
from rooms.queries.times import suggested_seconds
from rooms.wire.errors import InvalidMessageFormat


class SuggestedTime(Struct, frozen=True):
    """The seconds in which nine tenths of the voters will have voted.

    They are from earlier votes on this `question`, or on others of its `kind` in the course, or the
    `default` where fewer than three have voted yet, as `source` tells. Unusual times are left out.
    """

    seconds: int
    source: str


class QuestionTimes(Struct, frozen=True):
    """Suggested times for the first and the second vote on a question."""

    question: str
    first: SuggestedTime
    second: SuggestedTime


class Times(Endpoint):
    @extend_schema(
        operation_id="courses_questions_times_retrieve",
        summary="Get the suggested times for the votes on a question",
        responses={200: serializers.of(QuestionTimes)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str, question: str) -> Response:
        course = permissions.leading(self.me(request), slug).course
        found = find_question(course, question)
        if found is None:
            raise InvalidMessageFormat("The course has no such question.")
        return Response(QuestionTimes(found.slug, _time(found, 1), _time(found, 2)))


def _time(question: Question, number: int) -> SuggestedTime:
    return SuggestedTime(*suggested_seconds(question, number))
