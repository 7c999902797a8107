"""Archived courses, and names that a course cannot have, in the admin."""

from django.utils import timezone

from rooms.models import Course, Enrollment
from tests.rooms.admin.conftest import url


def test_nobody_comes_to_an_archived_course_or_gets_another_role(admin_client, admin_user, course):
    enrollment = Enrollment.objects.create(course=course, user=admin_user)
    Course.objects.filter(pk=course.pk).update(archived_at=timezone.now())
    added = {"user": admin_user.pk, "course": course.pk, "role": "assistant"}
    one = admin_client.post(url(Enrollment, "change", enrollment.pk), added)
    rows = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": enrollment.pk,
        "form-0-role": "assistant",
        "_save": "Save",
    }
    many = admin_client.post(url(Enrollment, "changelist"), rows)
    for answer in (one, many):
        assert answer.status_code == 200
        assert "The course is archived." in answer.content.decode()
    assert Enrollment.objects.get().role == "student"


def test_a_course_with_people_is_still_named_there(admin_client, admin_user, course):
    enrollment = Enrollment.objects.create(course=course, user=admin_user)
    Course.objects.filter(pk=course.pk).update(archived_at=timezone.now())
    form = {
        "title": "Mechanics",
        "slug": course.slug,
        "enrollments-TOTAL_FORMS": 1,
        "enrollments-INITIAL_FORMS": 1,
        "enrollments-0-id": enrollment.pk,
        "enrollments-0-course": course.pk,
        "enrollments-0-user": admin_user.pk,
        "enrollments-0-role": "student",
    }
    assert admin_client.post(url(Course, "change", course.pk), form).status_code == 302
    assert Course.objects.get().title == "Mechanics"
    page = admin_client.post(url(Course, "change", course.pk), {**form, "slug": "new"})
    assert "This address is that of another page." in page.content.decode()
