"""The action of the admin that enrols users in a course."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from rooms.models import Course, Enrollment
from tests.rooms.admin.conftest import url
from tests.rooms.school import School

USERS = reverse("admin:peerchat_accounts_user_changelist")


def act(client, page, chosen, **fields):
    data = {"action": "enrol_in", "_selected_action": [one.pk for one in chosen], **fields}
    return client.post(page, data)


def students(course):
    found = Enrollment.objects.filter(course=course)
    return {one.user.username for one in found}


@pytest.fixture
def staff(client, school: School):
    """Ines, who may see users and add enrolments."""
    allowed = ("view_user", "view_enrollment", "add_enrollment")
    school.ines.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    school.ines.is_staff = True
    school.ines.save()
    client.force_login(school.ines)
    return client


def test_users_are_enrolled_in_a_course_that_one_leads(staff, school):
    Course.objects.create(slug="old", title="Old")
    Enrollment.objects.create(
        course=Course.objects.get(slug="old"), user=school.ines, role="instructor"
    )
    Course.objects.filter(slug="old").update(archived_at=timezone.now())
    chosen = [school.zoe, school.tess, school.ada]
    page = act(staff, USERS, chosen)
    assert page.status_code == 200
    assert list(page.context["form"].fields["course"].queryset) == [school.course]
    for course in (school.other_course, Course.objects.get(slug="old")):
        assert act(staff, USERS, chosen, apply="1", course=course.pk).context["form"].errors
    done = act(staff, USERS, chosen, apply="1", course=school.course.pk)
    assert done.status_code == 302
    assert students(school.course) == {"ada", "bea", "carl", "tess", "ines", "zoe"}
    assert school.enrollment(school.tess).role == "assistant"


def test_enrolments_are_copied_to_another_course(admin_client, school):
    own = Enrollment.objects.filter(course=school.course, role="student")
    page = url(Enrollment, "changelist")
    done = act(admin_client, page, own, apply="1", course=school.other_course.pk)
    assert done.status_code == 302
    assert students(school.other_course) == {"ivan", "ada", "bea", "carl"}


def test_it_takes_the_permission_to_enrol(staff, school):
    school.ines.user_permissions.remove(Permission.objects.get(codename="add_enrollment"))
    act(staff, USERS, [school.zoe], apply="1", course=school.course.pk)
    assert not Enrollment.objects.filter(user=school.zoe).exists()
    assert User.objects.count() == 7
