"""The page on which lecturers say who works with whom."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rooms.actions.course_settings import archive_course
from rooms.models import Enrollment, PairingRule
from tests.rooms.school import EVERYBODY, make_person

PAGE = "/courses/physics/pairing/"


@pytest.fixture
def tess(school):
    client = Client()
    client.force_login(school.tess)
    return client


def shown(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def rules():
    """The rules as (kind, name, members)."""
    return [
        (rule.kind, rule.name, sorted(member.user.username for member in rule.members.all()))
        for rule in PairingRule.objects.order_by("pk")
    ]


def add(client, *names, kind="never", **fields):
    form = {"do": "add", "kind": kind, "person": [*names, ""], **fields}
    return client.post(PAGE, form, follow=True)


def test_only_those_who_lead_the_course_see_it(school):
    for name in EVERYBODY:
        client = Client()
        client.force_login(school.person(name))
        status = 200 if name in ("tess", "ines") else 404
        assert client.get(PAGE).status_code == status
        assert add(client, "ada", "bea").status_code == status
    assert rules() == [("never", "", ["ada", "bea"])]


def test_rules_by_hand_and_back(school, tess):
    assert "anybody may work with anybody" in shown(tess.get(PAGE))
    # By username, by name, and as the field proposes it.
    page = shown(add(tess, "ADA", "Bea"))
    assert "Saved." in page
    assert "<bdi>Ada</bdi>, <bdi>Bea</bdi>" in page
    assert '<option value="Carl (carl)">' in page
    add(tess, "Bea (bea)", "ada")
    assert rules() == [("never", "", ["ada", "bea"])]
    add(tess, "ada", "carl", kind="fixed", name="Team <1>")
    rule = PairingRule.objects.get(kind="fixed")
    page = shown(tess.post(PAGE, {"do": "remove", "rule": rule.pk}, follow=True))
    assert rules() == [("never", "", ["ada", "bea"])]
    assert "Team &lt;1&gt;" in page
    undo = page.split('name="undo" value="')[1].split('"')[0]
    shown(tess.post(PAGE, {"do": "undo", "undo": undo}, follow=True))
    assert rules()[1:] == [("fixed", "Team <1>", ["ada", "carl"])]
    # Twice, or with something made up, nothing happens.
    for again in (undo, "made-up"):
        shown(tess.post(PAGE, {"do": "undo", "undo": again}, follow=True))
    shown(tess.post(PAGE, {"do": "remove", "rule": "x"}, follow=True))
    assert len(rules()) == 2


@pytest.mark.parametrize(
    ("names", "fields", "told"),
    [
        (["ada", "nobody"], {}, "No student of this course is called “nobody”."),
        (["ada", "tess"], {}, "No student of this course is called “tess”."),
        (["ada", "ca"], {}, "Several students are called “ca”. Write the username: carl, cara."),
        (["ada", "Ada"], {}, "Somebody is named twice."),
        (["ada"], {}, "Name the two"),
        (["ada", "bea", "carl"], {}, "Name the two"),
        (["ada"], {"kind": "always"}, "Name two to five students."),
        (["bea", "carl"], {}, "Bea and Carl are to work together, by another rule."),
        (["ada", "dora"], {"kind": "always"}, "Ada and Dora are never to work together"),
        (["ada", "bea"], {"kind": "fixed"}, "Bea is in another fixed group"),
        (["ada", "cara"], {"kind": "fixed", "name": "team 1"}, "a group of this name already"),
        (["ada", "bea"], {"kind": "some"}, "Select a valid choice"),
    ],
)
def test_rules_that_cannot_be(school, tess, names, fields, told):
    for name in ("cara", "dora"):
        Enrollment.objects.create(course=school.course, user=make_person(name))
    add(tess, "bea", "carl", kind="fixed", name="Team 1")
    add(tess, "ada", "dora")
    before = rules()
    page = shown(add(tess, *names, **fields), 400)
    assert told in page
    # What was typed is still there.
    assert f'value="{names[0]}"' in page
    assert rules() == before


def test_groups_from_a_list(school, tess):
    text = "email;group\nada@example.org;Team 1\nBEA@example.org;Team 1\ncarl;Team 1"
    school.carl.email = "carl@example.org"
    for user in (school.ada, school.bea, school.carl):
        user.email = f"{user.username}@example.org"
        user.save()
    page = shown(tess.post(PAGE, {"do": "preview", "text": text}), 400)
    assert "The e-mail address is not valid." in page
    assert text.splitlines()[-1] in page
    file = SimpleUploadedFile("groups.csv", text.replace(";Team", "@x.y;Team").encode())
    shown(tess.post(PAGE, {"do": "preview", "file": file}), 400)
    text = text.replace("carl;", "carl@example.org;")
    page = shown(tess.post(PAGE, {"do": "preview", "text": text}))
    assert page.count("Joins the group.") == 3
    assert rules() == []
    for _ in range(2):
        page = shown(tess.post(PAGE, {"do": "apply", "text": text}, follow=True))
        assert "The groups are saved." in page
        assert rules() == [("fixed", "Team 1", ["ada", "bea", "carl"])]
    assert "Is in the group already." in shown(tess.post(PAGE, {"do": "preview", "text": text}))
    for empty in ("", "a\nb", "ada@example.org\nbea@example.org"):
        shown(tess.post(PAGE, {"do": "apply", "text": empty}), 400)
    assert len(rules()) == 1


def test_an_archived_course_shows_its_rules_only(school, tess):
    add(tess, "ada", "bea")
    archive_course(user=school.ines, course="physics")
    page = shown(tess.get(PAGE))
    assert "<bdi>Ada</bdi>" in page
    assert "remove-rule" not in page
    rule = PairingRule.objects.get()
    told = "This course is archived."
    assert told in shown(tess.post(PAGE, {"do": "remove", "rule": rule.pk}), 400)
    assert told in shown(add(tess, "ada", "carl"), 400)
    assert len(rules()) == 1


def test_many_rules_are_found_by_a_name(school, tess):
    for number in range(60):
        person = make_person(f"student{number}")
        Enrollment.objects.create(course=school.course, user=person)
        rule = PairingRule.objects.create(course=school.course, kind="never")
        rule.members.create(user=person)
        rule.members.create(user=school.ada)
    page = shown(tess.get(PAGE))
    assert page.count('data-testid="rule"') == 50
    assert shown(tess.get(f"{PAGE}?page=2")).count('data-testid="rule"') == 10
    assert shown(tess.get(f"{PAGE}?q=student7")).count('data-testid="rule"') == 1
    assert "No rule is about such a name." in shown(tess.get(f"{PAGE}?q=%00zzz"))


def test_a_former_address_leads_here(school, tess):
    school.course.slug = "mechanics"
    school.course.save()
    assert tess.get(PAGE).url == "/courses/mechanics/pairing/"
