"""The sentences for what `formats` refuses, and for what questions lose on their way."""

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from .formats import FileRefused, Note, Refused
from .formats.codes import FileFlaw, Loss, Reason

FILES = {
    FileFlaw.TOO_LARGE: _("The file is too large. It may have %(limit)s bytes."),
    FileFlaw.TOO_MANY: _("The file has more than %(limit)s questions. Split it."),
    FileFlaw.TOO_MANY_LINES: _("The file has more than %(limit)s lines."),
    FileFlaw.EMPTY: _("The file is empty."),
    FileFlaw.ENCODING: _(
        "This is not text in UTF-8: byte %(byte)s of the file does not fit. Save the file with the"
        " encoding UTF-8."
    ),
    FileFlaw.NUL: _("The file has a NUL character, so it is not a text. Is it another format?"),
    FileFlaw.NO_QUESTIONS: _("The file has no questions."),
    FileFlaw.CSV_HEADER: _("The first line must name the columns. It has no column “%(missing)s”."),
    FileFlaw.CSV_TWICE: _("The first line names the column “%(column)s” twice."),
    FileFlaw.YAML_BROKEN: _("The file is not valid YAML here."),
    FileFlaw.YAML_ALIAS: _("Anchors, aliases and tags of YAML are not taken."),
    FileFlaw.YAML_DEEP: _("The YAML is nested too deeply here."),
    FileFlaw.YAML_LARGE: _("The file has more than %(limit)s values."),
    FileFlaw.YAML_NOT_OURS: _(
        "A YAML file of peerchat has “peerchat_questions: 1” and a list “questions”, and nothing"
        " else."
    ),
    FileFlaw.YAML_VERSION: _(
        "The file says that it has version “%(version)s” of the format, which is not known here."
    ),
    FileFlaw.XML_BROKEN: _("The file is not valid XML here."),
    FileFlaw.XML_DTD: _("The file defines a document type or entities (DTD), which is not taken."),
    FileFlaw.XML_ENTITY: _(
        "XML does not know this entity. Write the character itself, or its number like &#160;."
    ),
    FileFlaw.XML_ENCODING: _(
        "The file says that it has the encoding “%(encoding)s”, which is not taken. Save it with"
        " the encoding UTF-8."
    ),
    FileFlaw.XML_LARGE: _("The file has more than %(limit)s elements. Split it."),
    FileFlaw.XML_TEXT: _(
        "The texts of the file are too long. Without pictures, they may have %(limit)s characters."
        " Split the file."
    ),
    FileFlaw.XML_DEEP: _("More than %(limit)s elements are nested in each other here."),
    FileFlaw.XML_TAG: _("A tag or a comment is far too long here."),
    FileFlaw.XML_UNKNOWN: _(
        "This is XML, but neither from Moodle nor QTI: its first element is “%(root)s”."
    ),
    FileFlaw.QTI_VERSION: _(
        "This is another version of QTI. Export the questions as QTI 2.1 or 2.2."
    ),
    FileFlaw.QTI_PART: _("This is only a part of a package of questions. Choose its zip file."),
    FileFlaw.ZIP_BROKEN: _("The zip file is damaged, or packed in a way that is not taken."),
    FileFlaw.ZIP_MEMBER: _("“%(name)s” in the zip file is damaged."),
    FileFlaw.ZIP_NAME: _("The zip file has a file with a name that is not taken: “%(name)s”."),
    FileFlaw.ZIP_ENCRYPTED: _("The zip file is encrypted. Pack it without a password."),
    FileFlaw.ZIP_MANY: _("The zip file has more than %(limit)s files."),
    FileFlaw.ZIP_LARGE: _("What the zip file holds is too large. It may have %(limit)s bytes."),
    FileFlaw.ZIP_NO_MANIFEST: _(
        "The zip file has no imsmanifest.xml, so it is no package of questions (QTI)."
    ),
    FileFlaw.UNKNOWN_FORMAT: _("This is none of the formats that questions are read from."),
    FileFlaw.MOODLE_BACKUP: _(
        "This looks like a backup of Moodle. Export the question bank as “Moodle XML format”."
    ),
}
"""Why a file cannot be read."""

REASONS = {
    Reason.ESSAY: _("This is an essay, for which there is no kind of question here."),
    Reason.MATCHING: _("This question asks to match things, for which there is no kind here."),
    Reason.DESCRIPTION: _("This is a text without answers, not a question."),
    Reason.UNKNOWN_KIND: _("There is no kind of question here for “%(kind)s”."),
    Reason.BROKEN: _("This question is not built as its format demands."),
    Reason.NO_CLOSING_BRACE: _(
        "A brace has no counterpart. Write braces that belong to the text as \\{ and \\}."
    ),
    Reason.MORE_BRACES: _(
        "There are braces besides those of the answers. Write braces that belong to the text, as"
        " in formulas, as \\{ and \\}."
    ),
    Reason.NO_PROMPT: _("The text of the question is missing."),
    Reason.NO_CHOICES: _("The question needs at least two choices."),
    Reason.NO_ANSWER: _("The question does not say which answer is right."),
    Reason.ANSWER_UNKNOWN: _("“%(answer)s” should be right, but there is no such choice."),
    Reason.LETTER_EXPECTED: _("The choice “%(expected)s” should come here, not “%(found)s”."),
    Reason.STRAY_LINE: _("This line belongs to nothing: “%(text)s”."),
    Reason.BAD_NUMBER: _("“%(text)s” is not a number."),
    Reason.BAD_WEIGHT: _("“%(text)s” is not a percentage."),
    Reason.TOO_LONG: _("This is longer than %(limit)s characters."),
    Reason.TOO_MANY_ANSWERS: _("The question has more than %(limit)s answers."),
    Reason.TOO_MANY_FIELDS: _("The line has more fields than the first line names."),
    Reason.WRONG_TYPE: _("“%(field)s” has the wrong type of value. Expected: %(expected)s."),
    Reason.UNKNOWN_FIELD: _("There is no field “%(field)s”."),
    Reason.FIELD_TWICE: _("The field “%(field)s” is there twice."),
    Reason.FIELD_MISSING: _("The field “%(field)s” is missing."),
    Reason.BAD_PICTURE: _("The picture “%(name)s” cannot be read from the file."),
    Reason.TOO_MANY_PICTURES: _("The question has more than %(limit)s pictures."),
    Reason.CLOZE: _("This question has gaps in its text, for which there is no kind here."),
    Reason.CALCULATED: _("This question is calculated anew for each student, which is not taken."),
    Reason.SEVERAL_PARTS: _("This question has several places to answer. Split it."),
    Reason.UNSUPPORTED_PART: _("The question has a part that is not taken: “%(part)s”."),
    Reason.FORMULA: _("A formula is in MathML. Only formulas in TeX are taken."),
    Reason.MEMBER: _("The file “%(name)s” of the package is missing, or cannot be read."),
}
"""Why a question cannot be taken."""

LOSSES = {
    Loss.CATEGORY: _("The category “%(category)s” becomes a tag."),
    Loss.SCRIPT_DROPPED: _("Scripts and styles are left out."),
    Loss.PICTURE_ELSEWHERE: _("The picture “%(address)s” is not in the file and is left out."),
    Loss.WEIGHTS: _("Percentages are not kept: an answer is either right or wrong."),
    Loss.ANSWER_DROPPED: _("Only one right number is kept, “%(answer)s” is not."),
    Loss.FEEDBACK_DROPPED: _("Feedback is kept only for choices."),
    Loss.WILDCARD: _("A star in an answer stands only for a star."),
    Loss.TRUE_FALSE: _("True and false become two choices."),
    Loss.SEVERAL: _("More than one answer is right, so students may choose several."),
    Loss.POLL: _("No answer is right, so this becomes a poll."),
    Loss.COLUMN_DROPPED: _("The column “%(column)s” is not known and is left out."),
    Loss.TAG_SHORTENED: _("The tag “%(tag)s” is too long and is shortened."),
    Loss.TAGS_DROPPED: _("Only the first %(limit)s tags are kept."),
    Loss.ALL_RIGHT: _("Every answer is right, so this becomes a poll."),
    Loss.CASE: _("Capital and small letters count as equal here."),
    Loss.UNITS: _("Only the unit “%(unit)s” is kept."),
    Loss.HINTS: _("Hints are left out."),
    Loss.OVERALL_FEEDBACK: _("Feedback for right and wrong answers as a whole is left out."),
    Loss.FOLLOW_UP_LOST: _("The file cannot hold the follow-up."),
    Loss.UNIT_LOST: _("The file cannot hold the unit."),
    Loss.DRAFT_LOST: _("The file cannot say that this is a draft."),
}
"""Sentences for the parts of a question that were lost or changed on its way."""


def sentence(said: FileRefused | Refused | Note) -> str:
    """Return what is wrong, or was changed, as a sentence in the current language.

    For a file, and for a question with a line of its own, it starts with the line.
    """
    if isinstance(said, Note):
        return str(LOSSES[said.code]) % said.args
    if isinstance(said, Refused):
        text = str(REASONS[said.code]) % _shown(said)
    else:
        text = str(FILES[said.code]) % said.details
    if said.line is None:
        return text
    return gettext("Line %(line)s: %(sentence)s") % {"line": said.line, "sentence": text}


def _shown(refused: Refused) -> dict[str, str | int]:
    args = dict(refused.args)
    if refused.code == Reason.WRONG_TYPE:
        args["expected"] = {
            "text": pgettext("type of value", "text"),
            "number": pgettext("type of value", "a number"),
            "boolean": pgettext("type of value", "true or false"),
            "list": pgettext("type of value", "a list"),
            "mapping": pgettext("type of value", "names with values"),
        }[str(args["expected"])]
    return args
