"""A second course, made with nothing but peerchat's Python interface."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from peerchat import api


class Command(BaseCommand):
    help = "Makes the course optics101, led by the demo's instructor and open for students."

    def handle(self, **options: Any) -> None:
        users = get_user_model()
        try:
            instructor = users.objects.get_by_natural_key("instructor")
        except users.DoesNotExist:
            raise CommandError("Run create_demo first.") from None
        try:
            course = api.create_course(slug="optics101", title="Optics 101")
        except api.Error as error:
            raise CommandError(error.message) from None
        api.enroll(course=course, users=[instructor], role="instructor")
        api.add_question(
            course=course,
            slug="half-a-lens",
            prompt="A lens throws the image of a candle on a screen. What happens to the image "
            "when you cover the upper half of the lens?",
            choices=[
                "Its upper half disappears.",
                "Its lower half disappears.",
                "It stays whole and gets darker.",
            ],
            correct="C",
        )
        api.post_message(user=instructor, course=course, text="Welcome to Optics 101!")
        self.stdout.write("The course optics101 is ready. Students join it on its page.")
