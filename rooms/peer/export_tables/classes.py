"""The tables on what happened in class."""

from .columns import Column, Table, Type

SESSIONS = Table(
    "sessions",
    "The classes of the course.",
    (
        Column("session", Type.ID, "The class", "ClassSession.id"),
        Column("started_at", Type.TIME, "When it began", "ClassSession.started_at"),
        Column("ended_at", Type.TIME, "When it ended", "ClassSession.ended_at"),
        Column("has_pseudonyms", Type.FLAG, "Students had pseudonyms", "ClassSession"),
        Column(
            "is_nameless",
            Type.FLAG,
            "Nobody is told who did what: people have codes of this class alone",
            "ClassSession.lecturers_know",
        ),
    ),
)

ROUNDS = Table(
    "rounds",
    "The votes that were opened and closed. A question that was voted on twice has two rows.",
    (
        Column("round", Type.ID, "The vote", "Round.id"),
        Column("session", Type.ID, "The class", "Round.session"),
        Column("question", Type.ID, "The question", "Round.question"),
        Column("version", Type.ID, "How it was worded; see `versions`", "Round.version"),
        Column("number", Type.WHOLE, "1, or 2 for the second vote", "Round.number"),
        Column("first", Type.ID, "The first vote, of a second one", "Round.first"),
        Column("twin_of", Type.ID, "The vote on the question it is the twin of", "Round.twin_of"),
        Column("opened_at", Type.TIME, "When the vote opened", "Round.opened_at"),
        Column("closed_at", Type.TIME, "When the vote closed", "Round.closed_at"),
    ),
)

VOTES = Table(
    "votes",
    "The answers that count: the last one of each student in each vote.",
    (
        Column("vote", Type.ID, "The answer", "Vote.id"),
        Column("round", Type.ID, "The vote in which it was given", "Vote.round"),
        Column("person", Type.PERSON, "The student", "Vote.user"),
        Column(
            "choice",
            Type.TEXT,
            "The answer: a letter, several letters, a number or a short text",
            "Vote.choice",
        ),
        Column("right", Type.FLAG, "Right; empty if no right answer is known", "computed"),
        Column("confidence", Type.WHOLE, "How sure they were", "Vote.confidence", "1 to 5"),
        Column("reason", Type.TEXT, "The reason they gave", "Vote.rationale"),
        Column("cast_at", Type.TIME, "When it was given", "Vote.cast_at"),
        Column(
            "seconds",
            Type.NUMBER,
            "From the opening of the vote to the answer",
            "Vote.cast_at - Round.opened_at",
            "seconds",
        ),
    ),
)

GROUPS = Table(
    "groups",
    "The groups of partners that were formed after a first vote.",
    (
        Column("group", Type.ID, "The group", "PartnerGroup.id"),
        Column("round", Type.ID, "The first vote", "PartnerGroup.round"),
        Column("number", Type.WHOLE, "Its number in the class", "PartnerGroup.number"),
        Column("room", Type.ID, "Where it wrote; see `messages`", "PartnerGroup.room"),
        Column("formed_at", Type.TIME, "When it was formed", "PartnerGroup.formed_at"),
        Column("members", Type.WHOLE, "Its members, all of them", "computed", "students"),
        Column("method", Type.TEXT, "How it was formed", "PartnerGroup.method"),
        Column("size", Type.WHOLE, "Members when formed", "PartnerGroup.size", "students"),
        Column("voters", Type.WHOLE, "Those who had voted", "PartnerGroup.voters", "students"),
        Column("is_mixed", Type.FLAG, "Of different answers", "PartnerGroup.is_mixed"),
        Column("right", Type.WHOLE, "Those who were right", "PartnerGroup.right", "students"),
        Column(
            "confidence_gap",
            Type.WHOLE,
            "Greatest difference in confidence between two of different answers",
            "PartnerGroup.confidence_gap",
            "0 to 4",
        ),
        Column(
            "repeats",
            Type.WHOLE,
            "Pairs who had been partners in the course before",
            "PartnerGroup.repeats",
            "pairs",
        ),
        Column("place", Type.TEXT, "hall, elsewhere, both or empty", "PartnerGroup.place"),
        Column("offered", Type.ID, "The answer whose reason it saw", "PartnerGroup.offered"),
    ),
)

PARTNERS = Table(
    "partners",
    "The members of the groups.",
    (
        Column("group", Type.ID, "The group", "Partner.group"),
        Column("round", Type.ID, "The first vote", "Partner.round"),
        Column("person", Type.PERSON, "The student", "Partner.user"),
        Column(
            "messages",
            Type.WHOLE,
            "What they wrote to their partners, without what was removed",
            "Message, or Partner.messages once these are deleted",
            "messages",
        ),
    ),
)

MESSAGES = Table(
    "messages",
    "What was written in the rooms of the course, except for private rooms of two. Steps of the "
    "class are in `uselog`.",
    (
        Column("message", Type.ID, "The message", "Message.id"),
        Column("room", Type.ID, "Where it was written", "Message.room"),
        Column("room_kind", Type.TEXT, "course, open or partners", "Room.kind"),
        Column("number", Type.WHOLE, "Its place in the room, from 1", "Message.seq"),
        Column("person", Type.PERSON, "Who wrote it", "Message.sender"),
        Column("kind", Type.TEXT, "text, or system for words to all", "Message.kind"),
        Column("text", Type.TEXT, "The text; empty if it was removed", "Message.text"),
        Column("reply_to", Type.ID, "The message it replies to", "Message.reply_to"),
        Column("written_at", Type.TIME, "When it was written", "Message.created_at"),
        Column("removed_at", Type.TIME, "When it was removed", "Message.removed_at"),
    ),
)

CONVICTIONS = Table(
    "convictions",
    "What students said convinced them before their second vote.",
    (
        Column("round", Type.ID, "The second vote", "Conviction.round"),
        Column("person", Type.PERSON, "The student who was convinced", "Conviction.user"),
        Column("by", Type.TEXT, "message, reason, thought or nothing", "Conviction.by"),
        Column("message", Type.ID, "The message", "Conviction.message"),
        Column("vote", Type.ID, "The answer with the reason", "Conviction.vote"),
        Column("said_at", Type.TIME, "When they said so", "Conviction.said_at"),
    ),
)
