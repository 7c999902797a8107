"""The questions of the demo: some for a choice, as in books, and one of each other kind."""

from rooms.peer.content import LETTERS, ChoiceContent, Kind, QuestionContent


def _single(
    slug: str, prompt: str, correct: str, choices: tuple[str, ...]
) -> tuple[str, QuestionContent]:
    """Return the slug and the content of a question with one right choice, `correct`."""
    options = tuple(
        ChoiceContent(text, letter == correct)
        for letter, text in zip(LETTERS, choices, strict=False)
    )
    return slug, QuestionContent(prompt=prompt, choices=options)


QUESTIONS: tuple[tuple[str, QuestionContent], ...] = (
    _single(
        "lift-at-constant-speed",
        "A lift hangs from a steel cable and moves upwards at a constant speed. Friction and air "
        "resistance can be neglected. How does the upward pull of the cable compare with the "
        "weight of the lift?",
        "B",
        (
            "It is greater than the weight, because the lift moves upwards.",
            "It is equal to the weight.",
            "It is less than the weight, because the cable only has to keep the lift going.",
            "That depends on the speed: the faster the lift, the stronger the pull.",
        ),
    ),
    _single(
        "coin-at-the-top",
        "You toss a coin straight up and catch it again. What is the acceleration of the coin at "
        "the very moment in which it turns at the top? Neglect the air.",
        "D",
        (
            "Zero, because the coin is at rest at that moment.",
            "It points upwards, as the last of what the hand gave to the coin.",
            "It is just changing from upwards to downwards, so it has no direction.",
            "It points downwards and is as large as at any other moment of the flight.",
        ),
    ),
    _single(
        "lorry-and-car",
        "A heavy lorry runs into a small car that is parked with its brakes off. While the two are "
        "in contact, which of them exerts the greater force on the other?",
        "C",
        (
            "The lorry, because its mass is greater.",
            "The lorry, because it is the one that moves.",
            "Neither: the two forces are equally strong.",
            "The car, because its speed changes most.",
        ),
    ),
    _single(
        "dropped-and-fired",
        "On a wide, level field a ball is fired horizontally, and at the same moment another one "
        "is dropped from the same height. Neglect the air. Which ball reaches the ground first?",
        "A",
        (
            "Both reach it at the same time.",
            "The dropped one, because its way is shorter.",
            "The fired one, because it is faster.",
            "The dropped one, because the fired one only starts to fall when it has slowed down.",
        ),
    ),
    _single(
        "two-bulbs-in-a-row",
        "Two bulbs of the same kind are connected one after the other to a battery. How do the "
        "currents through them compare?",
        "B",
        (
            "The first bulb, next to the positive pole, gets more: it uses up some current.",
            "Both carry the same current.",
            "The second bulb gets more, because electrons come from the negative pole.",
            "Each carries half of the current that leaves the battery.",
        ),
    ),
    _single(
        "ice-in-a-full-glass",
        "A glass is filled to the brim with water in which a piece of ice floats, sticking out a "
        "little. What happens to the level of the water while the ice melts?",
        "C",
        (
            "It rises and the glass overflows, because the part above the surface comes on top.",
            "It falls, because ice takes up more room than the water it turns into.",
            "It stays at the brim.",
            "That depends on how much of the ice sticks out.",
        ),
    ),
    (
        "forces-on-a-book",
        QuestionContent(
            kind=Kind.SEVERAL,
            prompt="A book lies on a table, which is at rest. Which forces act **on the book**?",
            choices=(
                ChoiceContent("its weight $m g$", True),
                ChoiceContent("the upward force of the table", True),
                ChoiceContent(
                    "the force with which the book presses on the table",
                    feedback="It acts on the table, not on the book.",
                ),
                ChoiceContent(
                    "friction", feedback="Nothing pulls the book along, so nothing holds it back."
                ),
            ),
            explanation="The book is at rest, so the two forces on it cancel: $N = m g$.",
            follow_up="Which force would change first if the table were tilted?",
        ),
    ),
    (
        "two-seconds-of-free-fall",
        QuestionContent(
            kind=Kind.NUMBER,
            prompt=(
                "A stone falls from rest. How fast is it after two seconds? Neglect the air, and "
                r"take $g = 9.81\,\mathrm{m/s^2}$."
            ),
            number=19.62,
            tolerance=0.4,
            unit="m/s",
            explanation=r"$$v = g t = 9.81\,\mathrm{m/s^2} \cdot 2\,\mathrm{s}$$",
        ),
    ),
    (
        "unit-of-force",
        QuestionContent(
            kind=Kind.TEXT,
            prompt="What is the unit of force called?",
            accepted=("newton", "N"),
            explanation=r"$1\,\mathrm{N} = 1\,\mathrm{kg\,m/s^2}$",
        ),
    ),
    (
        "pace-of-the-lecture",
        QuestionContent(
            kind=Kind.POLL,
            prompt="How is the pace of this lecture for you?",
            choices=(
                ChoiceContent("too slow"),
                ChoiceContent("just right"),
                ChoiceContent("too fast"),
            ),
        ),
    ),
)
