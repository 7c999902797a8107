"""What the site does when something happens in a class."""

import logging
from typing import Any

from django.dispatch import receiver
from django.utils.text import Truncator

from coursesite.models import DiaryEntry
from peerchat import api
from peerchat.signals import class_started, message_posted, question_revealed, student_joined

logger = logging.getLogger(__name__)


@receiver(class_started)
def note_class(course: str, **kwargs: Any) -> None:
    DiaryEntry.objects.create(course=course, text="The class met.")


@receiver(question_revealed)
def note_question(course: str, question: str, user: Any, **kwargs: Any) -> None:
    # The question itself may have been edited since the class was asked.
    results = api.read_results(user=user, course=course, question=question)
    if results is not None:
        # Not the answer: the class may be asked again.
        text = Truncator(results.prompt).words(12)
        DiaryEntry.objects.create(course=course, text=f"Discussed: {text}")


@receiver(message_posted)
def note_announcement(course: str, kind: str, text: str, **kwargs: Any) -> None:
    if kind == "system":
        DiaryEntry.objects.create(course=course, text=f"Announced: {text}")


@receiver(student_joined)
def welcome(course: str, user: Any, **kwargs: Any) -> None:
    # A real site would have its task queue send an e-mail.
    logger.info("%s joined %s", user, course)
