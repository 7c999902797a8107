"""The site's own tests, from before peerchat came. `manage.py test` runs them."""

from django.test import TestCase
from django.urls import reverse

from tests.inclusion.foreign.models import Enrollment, Person, Room

PASSWORD = "all the same"


class PeopleTest(TestCase):
    def setUp(self) -> None:
        self.ada = Person.objects.create_user("ada@river.example", PASSWORD, given="Ada")

    def test_an_address_and_a_password_log_in(self) -> None:
        given = {"address": "ADA@river.example", "secret": PASSWORD}
        assert self.client.post(reverse("login"), given).content == b"in"
        wrong = self.client.post(reverse("login"), {**given, "secret": "another"})
        assert wrong.status_code == 403
        assert self.client.get(reverse("logout")).content == b"out"

    def test_halls_and_places_belong_to_people(self) -> None:
        Room._default_manager.create(name="Great hall", keeper=self.ada)
        Enrollment._default_manager.create(user=self.ada)
        self.ada.delete()
        assert not (Room._default_manager.exists())
        assert not (Enrollment._default_manager.exists())

    def test_the_names_of_its_pages_lead_to_them(self) -> None:
        assert self.client.get(reverse("index")).content == b"The university by the river"
        assert reverse("courses") == "/halls/"
