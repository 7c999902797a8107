"""The endpoints for releasing questions, for those who lead a course."""

import uuid
from datetime import UTC, datetime

from django.utils import timezone
from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.actions import releases as actions
from rooms.actions.releases import Terms
from rooms.api import release_bodies as bodies
from rooms.api import serializers
from rooms.api.bodies import ListQuery
from rooms.api.endpoint import Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import Release
from rooms.queries import releases as reads
from rooms.wire.errors import InvalidMessageFormat

_NAMES = uuid.UUID("5f0c7c0e-6a0d-4a53-9a0f-6f3f0f0f5e17")
"""The space of the names that clients give their requests, which may be any text."""


class Releases(Endpoint):
    @extend_schema(
        operation_id="courses_releases_list",
        summary="List the released questions of a course, as somebody who leads it",
        parameters=query(ListQuery),
        responses={200: serializers.of(bodies.ReleaseList)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = permissions.leading(self.me(request), slug).course
        found = reads.releases_of(course)
        return Response(listed(request, found, lambda part: map(_info, part)))

    @extend_schema(
        operation_id="courses_releases_create",
        summary="Release a question, or all questions of a class that is over",
        description="Students then answer outside class, which is counted apart. Of a class, "
        "polls, drafts and what is released already are left out.",
        request=serializers.of(bodies.NewReleases),
        responses={201: serializers.of(bodies.MadeReleases)} | refusals(*WRITING, 409),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.NewReleases = read(request, serializers.of(bodies.NewReleases))
        me = self.me(request)
        terms = Terms(
            timezone.now() if wanted.opens_at is UNSET else _time(wanted.opens_at),
            None if wanted.due_at is None else _time(wanted.due_at),
            wanted.reveals,
        )
        name = uuid.uuid5(_NAMES, f"{me.pk}:{slug}:{wanted.uuid}")
        if wanted.question is not UNSET and wanted.session is UNSET:
            made = [
                actions.release_question(
                    user=me,
                    course=slug,
                    question=wanted.question,
                    name=name,
                    terms=terms,
                    seeds=[(one.choice, one.text) for one in wanted.seeds],
                )
            ]
        elif wanted.session is not UNSET and wanted.question is UNSET and not wanted.seeds:
            made = actions.release_session(
                user=me, course=slug, session=wanted.session, name=name, terms=terms
            )
        else:
            raise InvalidMessageFormat(
                "Name either a `question`, perhaps with `seeds`, or a `session`."
            )
        course = permissions.leading(me, slug).course
        found = reads.releases_of(course).filter(pk__in=[one.pk for one in made]).order_by("pk")
        return Response(bodies.MadeReleases([_info(one) for one in found]), status=201)


class OneRelease(Endpoint):
    @extend_schema(
        operation_id="courses_releases_retrieve",
        summary="Get a released question, as somebody who leads the course",
        responses={200: serializers.of(bodies.ReleaseDetails)} | refusals(401, 403, 404, 503),
    )
    def get(self, request: Request, slug: str, release: int) -> Response:
        course = permissions.leading(self.me(request), slug).course
        return Response(_details(reads.release_of(course, release)))

    @extend_schema(
        operation_id="courses_releases_partial_update",
        summary="Change a release, or withdraw it",
        description="A withdrawn release is seen by nobody and counts for nothing. It can be put "
        "back.",
        request=serializers.of(bodies.ReleaseChanges),
        responses={200: serializers.of(bodies.ReleaseDetails)} | refusals(*WRITING, 404),
    )
    def patch(self, request: Request, slug: str, release: int) -> Response:
        given: bodies.ReleaseChanges = read(request, serializers.of(bodies.ReleaseChanges))
        me = self.me(request)
        course = permissions.leading(me, slug).course
        now = reads.release_of(course, release)
        terms = Terms(
            now.opens_at if given.opens_at is UNSET else _time(given.opens_at),
            now.due_at
            if given.due_at is UNSET
            else None
            if given.due_at is None
            else _time(given.due_at),
            now.reveals if given.reveals is UNSET else given.reveals,
        )
        seeds = None
        if given.seeds is not UNSET:
            seeds = [(one.choice, one.text) for one in given.seeds]
        actions.change_release(
            user=me,
            course=slug,
            release=release,
            terms=terms,
            seeds=seeds,
            withdrawn=None if given.withdrawn is UNSET else given.withdrawn,
        )
        return Response(_details(reads.release_of(course, release)))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _fields(release: Release) -> dict[str, object]:
    return {
        "release": release.pk,
        "question": release.question.slug,
        "version": release.version.number,
        "session": release.session_id,
        "opens_at": release.opens_at.timestamp(),
        "due_at": None if release.due_at is None else release.due_at.timestamp(),
        "reveals": release.reveals,
        "withdrawn": release.withdrawn_at is not None,
        "begun": getattr(release, "begun", 0),
        "answered": getattr(release, "once", 0),
        "finished": getattr(release, "twice", 0),
    }


def _info(release: Release) -> bodies.ReleaseInfo:
    return bodies.ReleaseInfo(**_fields(release))  # type: ignore[arg-type]


def _details(release: Release) -> bodies.ReleaseDetails:
    seeds = [bodies.SeedBody(choice=one.choice, text=one.text) for one in reads.seeds_of(release)]
    return bodies.ReleaseDetails(**_fields(release), seeds=seeds)  # type: ignore[arg-type]
