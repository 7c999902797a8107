from hypothesis import given

from rooms.formats import EmbeddedPicture, Exported, yaml_
from rooms.peer.content import ChoiceContent, Kind, QuestionContent
from tests.rooms.formats.contents import exported, texts


@given(exported(text=texts, line=texts))
def test_what_is_written_is_read_again_exactly(question):
    (item,) = yaml_.read(yaml_.write([question]))
    assert item.refused is None
    assert (
        Exported(content=item.content, is_draft=item.is_draft, pictures=item.pictures) == question
    )
    assert yaml_.losses(question) == ()


def test_a_draft_with_fields_of_other_kinds_keeps_them():
    content = QuestionContent(
        kind=Kind.NUMBER,
        choices=(ChoiceContent(""), ChoiceContent("yes", is_correct=True, feedback=" ")),
        number=0.0,
        tolerance=0.1,
        accepted=("", "null"),
        tags=("~", "2026"),
    )
    question = Exported(content=content, is_draft=True, pictures=(EmbeddedPicture("x", b"\0"),))
    (item,) = yaml_.read(yaml_.write([question]))
    assert (item.content, item.is_draft, item.pictures) == (content, True, question.pictures)


def test_people_can_read_what_is_written():
    content = QuestionContent(
        prompt="Größe von $\\pi$?\n\nZwei Absätze.",
        choices=(ChoiceContent("3", True), ChoiceContent("no")),
    )
    assert yaml_.write([Exported(content=content)]).decode() == (
        "peerchat_questions: 1\n"
        "questions:\n"
        "- kind: single\n"
        "  prompt: |-\n"
        "    Größe von $\\pi$?\n"
        "\n"
        "    Zwei Absätze.\n"
        "  choices:\n"
        "  - text: '3'\n"
        "    correct: true\n"
        "  - text: 'no'\n"
    )
