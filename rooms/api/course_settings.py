"""The endpoints that change and copy courses, and that say who leads them."""

from django.db import transaction
from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people
from rooms import permissions
from rooms.actions import leaders
from rooms.actions.course_making import copy_course
from rooms.actions.course_settings import archive_course, change_course, restore_course
from rooms.api import serializers, shapes
from rooms.api import settings_bodies as bodies
from rooms.api.bodies import ListQuery
from rooms.api.endpoint import Endpoint, listed, read, username_in
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import Course, Enrollment, course_room
from rooms.queries.leaders import leaders_of
from rooms.wire.events import MyCourse


class OneCourse(Endpoint):
    @extend_schema(
        operation_id="courses_retrieve",
        summary="Get a course of yours",
        responses={200: serializers.of(MyCourse)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        enrollment = permissions.enrolled(self.me(request), slug)
        return Response(shapes.course(course_room(enrollment.course), enrollment.role))

    @extend_schema(
        operation_id="courses_partial_update",
        summary="Change, archive or restore a course, as its instructor",
        description="Open pages show the changes at once. Links with the former slug still work. "
        "An archived course can only be read: the class ends, and joining closes.",
        request=serializers.of(bodies.CourseChanges),
        responses={200: serializers.of(MyCourse)} | refusals(*WRITING),
    )
    def patch(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        wanted: bodies.CourseChanges = read(request, serializers.of(bodies.CourseChanges))
        with transaction.atomic():
            course = permissions.instructing(user, slug).course
            if wanted.archived is False:
                course = restore_course(user=user, course=slug)
            if wanted.title is not UNSET or wanted.course is not UNSET:
                course = change_course(
                    user=user,
                    course=slug,
                    title=wanted.title or None,
                    slug=wanted.course or None,
                )
            if wanted.archived is True:
                course = archive_course(user=user, course=course.slug)
        return Response(_made(course))


class Copies(Endpoint):
    @extend_schema(
        operation_id="courses_copy_create",
        summary="Copy a course for its next term",
        description="The copy has the questions and the settings, and of the people only you.",
        request=serializers.of(bodies.NewCourse),
        responses={201: serializers.of(MyCourse)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.NewCourse = read(request, serializers.of(bodies.NewCourse))
        copy = copy_course(
            user=self.me(request), course=slug, title=wanted.title, slug=wanted.course or ""
        )
        return Response(_made(copy), status=201)


class Leaders(Endpoint):
    @extend_schema(
        operation_id="courses_leaders_list",
        summary="List the people who lead a course",
        parameters=query(ListQuery),
        responses={200: serializers.of(bodies.Leaders)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = leaders_of(permissions.leading(self.me(request), slug).course)
        return Response(listed(request, found, lambda part: map(_leader, part)))

    @extend_schema(
        operation_id="courses_leaders_create",
        summary="Let somebody lead a course, as its instructor",
        description="A student of the course gets the role, too.",
        request=serializers.of(bodies.NewLeader),
        responses={201: serializers.of(bodies.Leader)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.NewLeader = read(request, serializers.of(bodies.NewLeader))
        new = leaders.add_leader(
            user=self.me(request), course=slug, person=wanted.person, role=wanted.role
        )
        return Response(_leader(new), status=201)


class OneLeader(Endpoint):
    @extend_schema(
        operation_id="courses_leaders_partial_update",
        summary="Make an assistant an instructor, or the reverse",
        request=serializers.of(bodies.NewRole),
        responses={200: serializers.of(bodies.Leader)} | refusals(*WRITING),
    )
    def patch(self, request: Request, slug: str, username: str) -> Response:
        wanted: bodies.NewRole = read(request, serializers.of(bodies.NewRole))
        changed = leaders.change_role(
            user=self.me(request),
            course=slug,
            username=username_in(username),
            role=wanted.role,
        )
        return Response(_leader(changed))

    @extend_schema(
        operation_id="courses_leaders_destroy",
        summary="Take somebody who leads a course out of it",
        description="The last instructor stays.",
        responses={204: None} | refusals(400, 401, 403, 503),
    )
    def delete(self, request: Request, slug: str, username: str) -> Response:
        leaders.remove_leader(user=self.me(request), course=slug, username=username_in(username))
        return Response(status=204)


class HandOver(Endpoint):
    @extend_schema(
        operation_id="courses_hand_over_create",
        summary="Make somebody else the instructor in your place",
        description="You become an assistant, or with `leave` you leave the course.",
        request=serializers.of(bodies.HandOver),
        responses={200: serializers.of(bodies.Leader)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.HandOver = read(request, serializers.of(bodies.HandOver))
        new = leaders.hand_over(
            user=self.me(request), course=slug, to=wanted.person, leave=wanted.leave
        )
        return Response(_leader(new))


def _made(course: Course) -> MyCourse:
    """Return the body of a course whose instructor made or changed it."""
    return shapes.course(course_room(course), Enrollment.Role.INSTRUCTOR)


def _leader(enrollment: Enrollment) -> bodies.Leader:
    return bodies.Leader(
        username=people.username(enrollment.user),
        display_name=people.shown_name(enrollment.user),
        role="instructor" if enrollment.role == Enrollment.Role.INSTRUCTOR else "assistant",
    )
