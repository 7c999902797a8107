"""E-mail: written from templates, sent in the background, with a limit for each recipient."""

import logging
import os
import queue
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connections
from django.template.loader import render_to_string
from django.utils import translation

from accounts.buckets import Buckets
from accounts.conf import limits
from accounts.text import name_key

logger = logging.getLogger(__name__)

Job = Callable[[], Any]

WAITING = 1_000
"""The most jobs that wait in a process."""
AT_ONCE = 50
"""The most e-mails that are sent over one connection."""
LONGEST_REASON = 200
"""The most characters of why an e-mail was not sent."""


def is_on() -> bool:
    """Return whether the site sends e-mail at all."""
    return not settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend")


def written(
    template: str, context: dict[str, Any], *, to: str, language: str | None = None
) -> EmailMultiAlternatives:
    """Return an e-mail from the templates `<template>.subject.txt`, `.txt` and `.html`.

    It is in `language`, or else in the one that is active.
    """
    with translation.override(language or translation.get_language()):
        # A name with a line break would become a header.
        subject = " ".join(render_to_string(f"{template}.subject.txt", context).split())
        mail = EmailMultiAlternatives(
            subject, render_to_string(f"{template}.txt", context).strip() + "\n", to=[to]
        )
        mail.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return mail


def send(mails: Sequence[EmailMultiAlternatives]) -> dict[int, str]:
    """Send e-mails, AT_ONCE over a connection. Return why some were not sent, by their places."""
    failures: dict[int, str] = {}
    for start in range(0, len(mails), AT_ONCE):
        connection = get_connection()
        try:
            connection.open()
        except Exception as error:
            # The rest would wait as long for the same server.
            return failures | dict.fromkeys(range(start, len(mails)), _reason(error))
        try:
            for place, one in enumerate(mails[start : start + AT_ONCE], start):
                try:
                    connection.send_messages([one])
                except Exception as error:
                    failures[place] = _reason(error)
                    # The server may have hung up; the next one opens the connection again.
                    connection.close()
        finally:
            connection.close()
    return failures


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]


class Busy(Exception):
    """Too many e-mails wait to be sent."""


class Outbox:
    """A thread that does one job after another."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Job] = queue.Queue(WAITING)
        threading.Thread(target=self._work, name="mail", daemon=True).start()

    def put(self, job: Job) -> None:
        """Do a job later. Raises Busy."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise Busy from None

    def join(self) -> None:
        """Wait until all jobs are done."""
        self._jobs.join()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                logger.exception("An e-mail was not sent.")
            finally:
                connections.close_all()
                self._jobs.task_done()


@cache
def outbox() -> Outbox:
    """Return the outbox of this process."""
    return Outbox()


# Threads do not survive a fork: the child starts its own.
os.register_at_fork(after_in_child=outbox.cache_clear)


def deliver(template: str, context: dict[str, Any], *, to: str, language: str | None) -> None:
    """Send one e-mail now, and log if that fails."""
    for why in send([written(template, context, to=to, language=language)]).values():
        logger.warning("An e-mail was not sent: %s", why)


class _Limits:
    def __init__(self) -> None:
        self._from = Buckets(limits["MAIL_RATE"], limits["MAIL_BURST"])
        self._to = Buckets(limits["MAIL_TO_RATE"], limits["MAIL_TO_BURST"])

    def take(self, source: str | None, recipient: str) -> float:
        """Count an e-mail. Return 0.0, or the seconds until there may be one."""
        wait = self._from.take(source)
        if wait:
            return wait
        wait = self._to.take(name_key(recipient))
        if wait:
            self._from.give_back(source)
        return wait


@cache
def allowed() -> _Limits:
    """Return the counts of this process; `allowed.cache_clear` reads the settings again.

    They count what was asked for, whether or not somebody has the address.
    """
    return _Limits()
