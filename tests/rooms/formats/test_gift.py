from dataclasses import replace

from hypothesis import given

from rooms.formats import EmbeddedPicture, Exported, Note, gift
from rooms.formats.codes import Loss
from rooms.peer.content import ChoiceContent, Kind, QuestionContent
from tests.rooms.formats.contents import exported


@given(exported())
def test_what_is_written_is_read_again(question):
    (item,) = gift.read(gift.write([question]))
    assert item.refused is None
    # All that the format cannot hold, which `losses` tells.
    expected = replace(question.content, follow_up="", unit="")
    assert item.content == expected
    assert item.pictures == tuple(
        picture for picture in question.pictures if picture.name in question.content.prompt
    )
    lost = {note.code for note in gift.losses(question)}
    assert lost == {
        code
        for code, is_lost in {
            Loss.FOLLOW_UP_LOST: question.content.follow_up,
            Loss.UNIT_LOST: question.content.unit,
            Loss.DRAFT_LOST: question.is_draft,
        }.items()
        if is_lost
    }


def test_a_new_line_in_a_formula_is_no_command():
    content = QuestionContent(
        kind=Kind.TEXT, prompt="Is $x\ni$ one?", accepted=("x",), explanation="$\nu\n\\nu$"
    )
    (item,) = gift.read(gift.write([Exported(content=content)]))
    assert item.content == content


def test_several_questions_stay_apart():
    questions = [
        Exported(content=QuestionContent(kind=Kind.TEXT, prompt=f"Question {n}?", accepted=("x",)))
        for n in range(3)
    ]
    items = gift.read(gift.write(questions))
    assert [item.content for item in items] == [question.content for question in questions]
    assert [item.line for item in items] == [1, 5, 9]


def test_a_draft_without_a_right_answer_comes_back_as_another_kind():
    choices = (ChoiceContent("a"), ChoiceContent("b"))
    nothing_right = Exported(content=QuestionContent(prompt="x", choices=choices), is_draft=True)
    assert gift.losses(nothing_right) == (Note(Loss.DRAFT_LOST), Note(Loss.POLL))
    assert gift.read(gift.write([nothing_right]))[0].content.kind == Kind.POLL
    right = tuple(replace(choice, is_correct=True) for choice in choices)
    all_right = Exported(content=QuestionContent(prompt="x", choices=right))
    assert gift.losses(all_right) == (Note(Loss.SEVERAL),)


def test_answers_with_arrows_are_not_to_be_matched():
    content = QuestionContent(kind=Kind.TEXT, prompt="x", accepted=("A -> B", "C->D"))
    assert gift.read(gift.write([Exported(content=content)]))[0].content == content


def test_a_picture_may_be_in_every_text():
    picture = EmbeddedPicture("a.png", b"\x89PNG")
    cited = "![A](file:a.png)"
    content = QuestionContent(
        prompt=cited,
        choices=(ChoiceContent(cited, True, cited), ChoiceContent("b", feedback=cited)),
        explanation=cited,
    )
    (item,) = gift.read(gift.write([Exported(content=content, pictures=(picture,))]))
    assert (item.content, item.pictures) == (content, (picture,))


def test_dollars_in_two_answers_are_no_formula():
    (item,) = gift.read(b"What is it? {\n~Dear#It is 3$\n=Cheap#It is 1$\n}")
    assert [(one.text, one.is_correct) for one in item.content.choices] == [
        ("Dear", False),
        ("Cheap", True),
    ]
