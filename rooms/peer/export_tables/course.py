"""The tables on the course itself: its people, questions, marks and use log."""

from .columns import Column, Table, Type

COURSE = Table(
    "course",
    "The course and this export: one row.",
    (
        Column("course", Type.TEXT, "Short name of the course in addresses", "Course.slug"),
        Column("title", Type.TEXT, "Title", "Course.title"),
        Column("created_at", Type.TIME, "When it was made", "Course.created_at"),
        Column("archived_at", Type.TIME, "When it was archived", "Course.archived_at"),
        Column("exported_at", Type.TIME, "When this export began", "computed"),
        Column("has_names", Type.FLAG, "Whether people are named", "chosen"),
        Column("is_research", Type.FLAG, "Only people who consented to research", "chosen"),
    ),
)

PEOPLE = Table(
    "people",
    "The people who are enrolled in the course now.",
    (
        Column("person", Type.PERSON, "The person in all tables", "Enrollment.user"),
        Column("role", Type.TEXT, "student, assistant or instructor", "Enrollment.role"),
        Column("name", Type.TEXT, "Shown name; only in exports with names", "User"),
        Column("email", Type.TEXT, "E-mail address; only in exports with names", "User"),
        Column("is_guest", Type.FLAG, "Joined without an account", "Guest"),
        Column("joined_at", Type.TIME, "When they were enrolled", "Enrollment.joined_at"),
        Column(
            "shares_reasons_since",
            Type.TIME,
            "Since when others may see their reasons",
            "Enrollment.shares_reasons_since",
        ),
        Column(
            "in_research_since",
            Type.TIME,
            "Since when research may use what they do",
            "Enrollment.in_research_since",
        ),
    ),
)

QUESTIONS = Table(
    "questions",
    "The questions of the course as they are now, those that were not asked as well.",
    (
        Column("question", Type.ID, "The question", "Question.id"),
        Column("slug", Type.TEXT, "Its short name", "Question.slug"),
        Column("title", Type.TEXT, "Title for lecturers", "Question.title"),
        Column("kind", Type.TEXT, "single, several, number, text or poll", "Question.kind"),
        Column("prompt", Type.TEXT, "The words of the question", "Question.prompt"),
        Column("tags", Type.JSON, "Tags: a list of texts", "Question.tags"),
        Column("position", Type.WHOLE, "Its place among the questions", "Question.position"),
        Column("is_quick", Type.FLAG, "Asked without preparation", "Question.quick"),
        Column("is_draft", Type.FLAG, "Not ready to be asked", "Question.is_draft"),
        Column("twin_of", Type.ID, "The question whose idea it tests again", "Question.twin_of"),
        Column("lineage", Type.ID, "What copies in other courses share", "Question.lineage"),
        Column("created_at", Type.TIME, "When it was made", "Question.created_at"),
    ),
)

VERSIONS = Table(
    "versions",
    "The wordings in which questions were asked, each with its right answer.",
    (
        Column(
            "version",
            Type.ID,
            "The version; empty for the question as it is now, where none was kept",
            "QuestionVersion.id",
        ),
        Column("question", Type.ID, "The question", "QuestionVersion.question"),
        Column("number", Type.WHOLE, "1 for the first wording", "QuestionVersion.number"),
        Column("kind", Type.TEXT, "single, several, number, text, poll", "QuestionVersion.kind"),
        Column("prompt", Type.TEXT, "The words of the question", "QuestionVersion.prompt"),
        Column(
            "choices",
            Type.JSON,
            "The choices: a list of objects with letter, text, is_correct and perhaps feedback",
            "QuestionVersion.choices",
        ),
        Column("right_number", Type.NUMBER, "The right number", "QuestionVersion.answer"),
        Column(
            "tolerance", Type.NUMBER, "How far a right number may be off", "QuestionVersion.answer"
        ),
        Column("unit", Type.TEXT, "Unit of the number", "QuestionVersion.answer"),
        Column("accepted", Type.JSON, "The right short texts: a list", "QuestionVersion.answer"),
        Column("explanation", Type.TEXT, "Shown with the result", "QuestionVersion.explanation"),
        Column("follow_up", Type.TEXT, "What to think on", "QuestionVersion.follow_up"),
        Column("created_at", Type.TIME, "When it was first asked", "QuestionVersion.created_at"),
    ),
)

MARKS = Table(
    "marks",
    "The marks of the students by the rules of the course, computed for this export.",
    (
        Column("person", Type.PERSON, "The student", "Enrollment.user"),
        Column("reached", Type.NUMBER, "What they reached", "computed", "points"),
        Column("possible", Type.NUMBER, "What they could have reached", "computed", "points"),
        Column("share", Type.NUMBER, "Reached of possible", "computed", "0 to 1"),
        Column("mark", Type.NUMBER, "The mark", "computed", "the full mark of the course at most"),
    ),
)

USE_LOG = Table(
    "uselog",
    "The use log: a row for each action. Texts of messages are left out, as `messages` has them.",
    (
        Column("at", Type.TIME, "When it was", "UseLog.timestamp"),
        Column("person", Type.PERSON, "Who did it", "UseLog.sid"),
        Column("event", Type.TEXT, "The kind of action", "UseLog.event"),
        Column("act", Type.TEXT, "The action; without names of people", "UseLog.act"),
        Column("question", Type.TEXT, "Short name of the question", "UseLog.div_id"),
    ),
)
