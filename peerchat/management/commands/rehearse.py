"""A whole class against a running server: votes, partners, chat, second vote, reveal."""

import asyncio
import contextlib
import math
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Token
from peerchat.rehearsal.cast import (
    LETTERS,
    QUESTION,
    RIGHT,
    count_guests,
    forget_sessions,
    make_cast,
    make_visitors,
    open_to_guests,
    remove,
)
from peerchat.rehearsal.client import Client, Denied, RehearsalError, allow_sockets, socket_url
from peerchat.rehearsal.crowd import Crowd
from peerchat.rehearsal.discussion import Discussion
from peerchat.rehearsal.habits import ROUND, Classes, HabitsPlan
from peerchat.rehearsal.ledger import Ledger
from peerchat.rehearsal.lesson import Lesson
from peerchat.rehearsal.logins import Rush
from peerchat.rehearsal.plan import Plan
from peerchat.rehearsal.printed import Printed
from peerchat.rehearsal.questions import MOST
from peerchat.rehearsal.questions import questions as of_all_kinds
from rooms.actions.rehearsals import left_behind, remove_rehearsal
from rooms.conf import limits
from rooms.models import Course
from rooms.peer.content import QuestionContent


class Command(BaseCommand):
    help = (
        "Takes a class through a whole question on a running server that uses the same database: "
        "an instructor and students over real sockets. Prints how long each step took and "
        "whether everything came out right, and exits with 1 where it did not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--students",
            type=int,
            metavar="N",
            help="number of students (default: 300; with --habits: 60)",
        )
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="URL of the site (default: %(default)s)"
        )
        parser.add_argument(
            "--course",
            metavar="SLUG",
            help="slug of a course to create and keep; by default the course is removed at the "
            "end unless something went wrong",
        )
        parser.add_argument(
            "--remove",
            metavar="SLUG",
            dest="failed",
            help="slug of the course of an earlier rehearsal: removes what remains of it, with its "
            "users, and does nothing else; also of a try-out, with its simulated students",
        )
        parser.add_argument(
            "--messages", type=int, default=3, metavar="N", help="messages per student (default: 3)"
        )
        parser.add_argument(
            "--vote-within",
            type=float,
            default=5,
            metavar="SECONDS",
            help="time over which the votes are spread (default: 5)",
        )
        parser.add_argument(
            "--unsent",
            type=float,
            default=10,
            metavar="PERCENT",
            help="share of the students who choose an answer and never press Vote; their choices "
            "must count at the close (default: 10)",
        )
        parser.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help="number of the server's workers; checks that the students are spread over them",
        )
        parser.add_argument(
            "--timeout",
            type=float,
            default=120,
            metavar="SECONDS",
            help="time after which the rehearsal gives up (default: 120)",
        )
        parser.add_argument(
            "--log-in",
            action="store_true",
            help="let the students log in with passwords while another class discusses",
        )
        parser.add_argument(
            "--log-in-within",
            type=float,
            default=60,
            metavar="SECONDS",
            help="time over which the log-ins are spread; 0 for all at once (default: 60)",
        )
        parser.add_argument(
            "--beside",
            type=int,
            default=100,
            metavar="N",
            help="number of students in the class that discusses (default: 100)",
        )
        parser.add_argument(
            "--join",
            action="store_true",
            help="let the students join by a code as guests, all from one address and spread over "
            "--log-in-within seconds, and do nothing else",
        )
        parser.add_argument(
            "--habits",
            action="store_true",
            help="let several classes with bad habits go through some questions each at the same "
            "time: students arrive late, reload, lose the connection, leave for a minute or for "
            "good, or vote at the last moment; half of them are in the hall",
        )
        parser.add_argument(
            "--seed",
            type=int,
            nargs="+",
            default=list(range(1, 11)),
            metavar="N",
            help="random seed of each class with --habits (default: 1 to 10)",
        )
        parser.add_argument(
            "--questions",
            type=int,
            default=3,
            metavar="N",
            help="number of questions of each class with --habits, of all kinds in turn "
            "(default: 3, at most 10)",
        )
        parser.add_argument(
            "--discuss",
            type=float,
            default=45,
            metavar="SECONDS",
            help="length of each discussion with --habits (default: 45)",
        )

    def handle(
        self,
        *,
        students: int | None,
        url: str,
        course: str | None,
        failed: str | None,
        messages: int,
        vote_within: float,
        unsent: float,
        workers: int | None,
        timeout: float,
        log_in: bool,
        log_in_within: float,
        beside: int,
        join: bool,
        habits: bool,
        seed: list[int],
        questions: int,
        discuss: float,
        **options: Any,
    ) -> None:
        if failed is not None:
            self._remove(failed)
            return
        if students is None:
            students = 60 if habits else 300
        if habits + log_in + join > 1:
            raise CommandError("Use only one of --habits, --join and --log-in.")
        if students < 2:
            raise CommandError("--students must be at least 2.")
        if beside < 2 or log_in_within < 0:
            raise CommandError("--beside must be at least 2 and --log-in-within at least 0.")
        if not 1 <= questions <= MOST:
            raise CommandError(f"--questions must be between 1 and {MOST}.")
        if messages < 1 or vote_within < 0 or timeout <= 0:
            raise CommandError(
                "--messages must be at least 1, --vote-within at least 0 and --timeout above 0."
            )
        if not 0 <= unsent <= 100:
            raise CommandError("--unsent must be between 0 and 100.")
        if course is not None and Course.objects.filter(slug=course).exists():
            raise CommandError(f"The course {course} already exists. Choose another slug.")
        slug = course or f"rehearsal-{uuid.uuid4().hex[:8]}"
        try:
            address = socket_url(url)
            # Students with bad habits have several pages, and both ends of a relay are here.
            most = 8 * students * len(seed) if habits else students + 1
            allow_sockets(most + (beside if log_in else 0))
            asyncio.run(reach(address))
        except RehearsalError as error:
            raise CommandError(str(error)) from None
        if habits:
            told = of_all_kinds(questions)
            self._show_habits(
                *(address, slug, students, seed, told, discuss, timeout), keep=bool(course)
            )
            return
        if join:
            self._show_joining(url, slug, students, log_in_within, timeout, keep=bool(course))
            return
        self.stdout.write(f"Rehearsing with {students} students in the course {slug} at {url}.")
        report = Printed(self)
        report.begin("set up")
        began = time.perf_counter()
        cast = make_cast(slug, beside if log_in else students)
        casts = [cast]
        report.step("set up", time.perf_counter() - began, "a course, a question, users, tokens")
        plan = Plan(
            address=address,
            course=slug,
            question=QUESTION,
            letters=LETTERS,
            right=RIGHT,
            instructor=cast.instructor,
            students=cast.students,
            messages=messages,
            pause=1 / limits["MESSAGE_RATE"],
            vote_within=vote_within,
            unsent=math.ceil(len(cast.students) * unsent / 100),
            workers=workers,
        )
        lesson = Lesson(plan, Ledger(cast.course), report)
        if log_in:
            others, password = make_visitors(f"{slug}-log-in", students)
            casts.append(others)
            rush = Rush(url, list(others.students), password, log_in_within)
            lesson = Discussion(plan, Ledger(cast.course), report, rush)
        done = False
        try:
            asyncio.run(run(lesson, timeout))
            done = not report.failed
        except RehearsalError as error:
            raise CommandError(f"Stopped in the step {report.current!r}: {error}") from None
        except TimeoutError:
            raise CommandError(
                f"Not finished within {timeout:g} s; stopped in the step {report.current!r}."
            ) from None
        finally:
            Token.objects.filter(user__in=[user for made in casts for user in made.users]).delete()
            if course is None and done:
                for made in casts:
                    remove(made.course)
                self.stdout.write(f"The course {slug} and its users have been removed.")
            else:
                self.stdout.write(
                    f"The course {slug} and its users remain; their tokens have been deleted. "
                    f"Remove them with: manage.py rehearse --remove {slug}"
                )
        if report.failed:
            raise CommandError(f"{report.failed} of {report.checks} checks failed.")
        self.stdout.write(self.style.SUCCESS(f"All {report.checks} checks passed."))

    def _remove(self, slug: str) -> None:
        tried = Course.objects.filter(slug=slug, try_out__isnull=False).first()
        if tried is not None:
            # Its students are here by no socket that could be waited for.
            users = remove_rehearsal(course=tried)
            self.stdout.write(f"The try-out {slug} and its {users} users have been removed.")
            return
        courses = left_behind(slug)
        if not courses:
            raise CommandError(f"No rehearsal left a course {slug} behind.")
        for course in courses:
            users = remove(course)
            self.stdout.write(f"The course {course.slug} and its {users} users have been removed.")

    def _show_joining(
        self, url: str, slug: str, guests: int, within: float, timeout: float, *, keep: bool
    ) -> None:
        self.stdout.write(f"{guests} guests join the course {slug} at {url} from one address.")
        report = Printed(self)
        cast = make_cast(slug, 1)
        crowd = Crowd(url, open_to_guests(cast), guests, within)
        try:
            asyncio.run(crowd.run(report, lambda: count_guests(cast.course), timeout + within))
        except TimeoutError:
            raise CommandError("Not finished in time.") from None
        finally:
            Token.objects.filter(user__in=cast.users).delete()
            forget_sessions(crowd.sessions)
            if keep or report.failed or not report.checks:
                self.stdout.write(
                    f"The course {slug} and its guests remain. "
                    f"Remove them with: manage.py rehearse --remove {slug}"
                )
            else:
                remove(cast.course)
                self.stdout.write(f"The course {slug} and its guests have been removed.")
        if report.failed:
            raise CommandError(f"{report.failed} of {report.checks} checks failed.")
        self.stdout.write(self.style.SUCCESS(f"All {report.checks} checks passed."))

    def _show_habits(
        self,
        address: str,
        slug: str,
        students: int,
        seeds: list[int],
        told: Sequence[tuple[QuestionContent, Sequence[str]]],
        discuss: float,
        timeout: float,
        *,
        keep: bool,
    ) -> None:
        self.stdout.write(
            f"{len(seeds)} classes of {students} students with bad habits in the courses {slug}-* "
            f"at {address}."
        )
        report = Printed(self)
        report.begin("set up")
        contents, answers = zip(*told, strict=True)
        casts = [make_cast(f"{slug}-{seed}", students, contents) for seed in seeds]
        classes = Classes(
            [
                HabitsPlan(
                    address=address,
                    course=cast.course.slug,
                    questions=cast.questions,
                    answers=dict(zip(cast.questions, answers, strict=True)),
                    instructor=cast.instructor,
                    students=cast.students,
                    seed=seed,
                    discuss=discuss,
                )
                for cast, seed in zip(casts, seeds, strict=True)
            ],
            [Ledger(cast.course) for cast in casts],
            report,
        )
        report.begin("the lessons")
        done = False
        try:
            asyncio.run(run(classes, timeout + len(told) * (discuss + 2 * ROUND)))
            done = not report.failed
        except RehearsalError as error:
            raise CommandError(f"Stopped in the step {report.current!r}: {error}") from None
        except TimeoutError:
            raise CommandError("Not finished in time.") from None
        finally:
            for cast in casts:
                Token.objects.filter(user__in=cast.users).delete()
                if done and not keep:
                    remove(cast.course)
            if keep or not done:
                self.stdout.write(
                    f"The courses {slug}-* and their users remain; their tokens have been deleted. "
                    f"Remove them with: manage.py rehearse --remove {slug}"
                )
        if report.failed:
            raise CommandError(f"{report.failed} of {report.checks} checks failed.")
        self.stdout.write(self.style.SUCCESS(f"All {report.checks} checks passed."))


async def reach(address: str) -> None:
    """Raise Unreachable if no server answers."""
    with contextlib.suppress(Denied):  # no token is needed to see that it is there
        client = await Client.open(f"{address}/ws/chat/", "none")
        await client.close()


async def run(lesson: Lesson | Classes, timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            await lesson.run()
    finally:
        await lesson.close()
