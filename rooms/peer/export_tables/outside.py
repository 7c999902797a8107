"""The tables on questions that were answered outside class."""

from .columns import Column, Table, Type

RELEASES = Table(
    "releases",
    "The questions that students answer by themselves.",
    (
        Column("release", Type.ID, "The release", "Release.id"),
        Column("question", Type.ID, "The question", "Release.question"),
        Column("version", Type.ID, "How it is worded; see `versions`", "Release.version"),
        Column("session", Type.ID, "The class that asked it before", "Release.session"),
        Column("released_at", Type.TIME, "When it was released", "Release.released_at"),
        Column("opens_at", Type.TIME, "From when it can be answered", "Release.opens_at"),
        Column("due_at", Type.TIME, "Until when", "Release.due_at"),
        Column("reveals", Type.TEXT, "Result at_once or when_due", "Release.reveals"),
        Column("withdrawn_at", Type.TIME, "When it was withdrawn", "Release.withdrawn_at"),
    ),
)

SEEDS = Table(
    "seeds",
    "The reasons that lecturers wrote for a start.",
    (
        Column("seed", Type.ID, "The reason", "Seed.id"),
        Column("release", Type.ID, "The release", "Seed.release"),
        Column("choice", Type.TEXT, "The answer it is for", "Seed.choice"),
        Column("text", Type.TEXT, "The reason", "Seed.text"),
    ),
)

TAKES = Table(
    "takes",
    "What each student made of a release.",
    (
        Column("take", Type.ID, "The row", "Take.id"),
        Column("release", Type.ID, "The release", "Take.release"),
        Column("person", Type.PERSON, "The student", "Take.user"),
        Column("started_at", Type.TIME, "When they first saw it", "Take.started_at"),
        Column("first_choice", Type.TEXT, "First answer", "Take.first_choice"),
        Column("first_right", Type.FLAG, "It is right; empty if unknown", "computed"),
        Column("first_confidence", Type.WHOLE, "How sure", "Take.first_confidence", "1 to 5"),
        Column("first_reason", Type.TEXT, "The reason for it", "Take.first_reason"),
        Column("first_at", Type.TIME, "When it was given", "Take.first_at"),
        Column("first_seconds", Type.NUMBER, "From seeing it", "first_at - started_at", "seconds"),
        Column("second_choice", Type.TEXT, "Second answer", "Take.second_choice"),
        Column("second_right", Type.FLAG, "It is right; empty if unknown", "computed"),
        Column("second_confidence", Type.WHOLE, "How sure", "Take.second_confidence", "1 to 5"),
        Column("second_reason", Type.TEXT, "The reason for it", "Take.second_reason"),
        Column("second_at", Type.TIME, "When it was given", "Take.second_at"),
        Column("second_seconds", Type.NUMBER, "From the first", "second_at - first_at", "seconds"),
        Column("convinced", Type.TEXT, "reason, message, thought, nothing", "Take.convinced"),
        Column("message", Type.ID, "The message that convinced", "Take.message"),
        Column("pair", Type.ID, "The pair, of those who had a partner", "NightPair.id"),
        Column(
            "messages",
            Type.WHOLE,
            "What they wrote to the partner, without what was removed",
            "Message, or Take.messages once these are deleted",
            "messages",
        ),
    ),
)

SHOWN_REASONS = Table(
    "shown_reasons",
    "The reasons for other answers that each student was shown.",
    (
        Column("take", Type.ID, "Who saw it: a row of `takes`", "ShownReason.take"),
        Column("vote", Type.ID, "The answer in class that it is from", "ShownReason.vote"),
        Column("other", Type.ID, "The row of `takes` that it is from", "ShownReason.other"),
        Column("seed", Type.ID, "The reason of a lecturer", "ShownReason.seed"),
        Column("is_picked", Type.FLAG, "It convinced most", "ShownReason.is_picked"),
    ),
)
