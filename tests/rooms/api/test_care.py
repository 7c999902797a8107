"""Consents, blocks and reports for programs."""

import pytest
from django.test import Client

from rooms.models import Block, Consent, Report
from tests.rooms.school import post

AT = "/api/courses/physics/"


@pytest.fixture
def of(school):
    """A client of somebody."""

    def make(user):
        client = Client()
        client.force_login(user)
        return client

    return make


def send(client, where, **body):
    return client.post(AT + where, body, content_type="application/json")


def test_consents(school, of):
    ada = of(school.ada)
    for purpose in ("reasons", "research"):
        assert send(ada, "consents/", purpose=purpose, given=True).status_code == 204
    assert send(ada, "consents/", purpose="research", given=False).status_code == 204
    told = ada.get(AT + "consents/").json()["results"]
    assert [(one["purpose"], one["withdrawn_at"] is None) for one in told] == [
        ("research", False),
        ("reasons", True),
    ]
    assert Consent.objects.count() == 2
    assert send(ada, "consents/", purpose="fun", given=True).status_code == 400
    assert send(of(school.zoe), "consents/", purpose="research", given=True).status_code == 403


def test_blocks(school, of):
    ada = of(school.ada)
    made = send(ada, "blocks/", username="bea").json()
    assert made["display_name"] == "Bea"
    assert ada.get(AT + "blocks/").json()["results"] == [made]
    assert of(school.bea).get(AT + "blocks/").json()["results"] == []
    place = f"{AT}blocks/{made['block']}/"
    assert of(school.bea).delete(place).status_code == 404
    assert ada.delete(place).status_code == 204
    assert not Block.objects.exists()
    assert send(ada, "blocks/", username="zoe").status_code == 400


def test_reports(school, of):
    said = post(school.bea, school.room, "Buy this")
    ada = of(school.ada)
    made = send(ada, "reports/", reason="spam", message=str(said.pk)).json()["report"]
    assert send(ada, "reports/", reason="spam").status_code == 400
    assert send(ada, "reports/", reason="spam", message="none").status_code == 404
    assert ada.get(AT + "reports/").status_code == 403
    (told,) = of(school.tess).get(AT + "reports/").json()["results"]
    assert (told["about"], told["reporter"], told["message"]) == ("Bea", "Ada", "Buy this")
    assert ada.delete(f"{AT}reports/{made}/").status_code == 403
    assert of(school.tess).delete(f"{AT}reports/{made}/").status_code == 204
    assert Report.objects.get().settled_by == school.tess
