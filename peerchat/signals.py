"""The signals of peerchat, for receivers in a site's own code.

    from django.dispatch import receiver
    from peerchat.signals import question_revealed

    @receiver(question_revealed)
    def publish_solution(course, question, user, **kwargs):
        ...

Each signal is sent once, after the transaction that did it has committed, in the process and the
thread that did it. `sender` is always None, so connect without one. Courses and questions are
slugs. Accept `**kwargs`, because signals may get further arguments.

A receiver that raises is logged (logger `django.dispatch`) and changes nothing for the class. The
thread waits for the receivers, and with it the next messages: hand whatever takes longer than a
few milliseconds to a task queue. A process that is killed between the commit and the receivers
sends nothing, so do not keep accounts by signals.

`class_started`
    The first question of a class session opened. A question that comes more than six hours after
    the last step of a class begins a new session.
    Arguments: `course`, `question`, `user` (who opened it).

`question_revealed`
    The right answer and the votes of a question were shown to the class. It is sent again when the
    right answer of a quick question is given, changed or taken back after that.
    Arguments: `course`, `question`, `user` (who revealed it).

`message_posted`
    A user posted a text in a room, or announced one to a course. Steps of the class are not told.
    Arguments: `course`, `room` (its UUID), `room_kind` ("course", "open", "direct" or
    "partners"), `message` (its UUID), `kind` ("text", or "system" for an announcement), `text`,
    `user` (who posted it). Texts in direct rooms are private: treat them so.

`student_joined`
    A user was enrolled as a student, by `peerchat.api.enroll`, in the admin, or by an `Enrollment`
    that was saved. Whoever was enrolled before and gets another role does not join again.
    Arguments: `course`, `user`.
"""

from rooms.actions.signals import (
    class_started,
    message_posted,
    question_revealed,
    student_joined,
)

__all__ = ["class_started", "message_posted", "question_revealed", "student_joined"]
