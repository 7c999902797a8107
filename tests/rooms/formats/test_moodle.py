import re
from dataclasses import replace

from hypothesis import assume, given

from rooms.formats import EmbeddedPicture, Exported, Note, moodle
from rooms.formats.codes import Loss
from rooms.formats.labels import own_title
from rooms.formats.moodle_writing import IMPOSSIBLE
from rooms.peer.content import ChoiceContent, Kind, QuestionContent
from tests.rooms.formats.contents import blocks, exported, lines


def possible(text):
    """Return a text without what XML cannot hold."""
    return IMPOSSIBLE.sub("", text).strip()


@given(exported(text=blocks.map(possible), line=lines.map(possible)))
def test_what_is_written_is_read_again_but_for_what_is_said_to_be_lost(question):
    content = question.content
    assume(content.prompt)
    (item,) = moodle.read(moodle.write([question]))
    assert item.refused is None
    kept = replace(content, follow_up="", title=own_title(content.title, content.prompt))
    assert item.content == kept
    assert item.pictures == question.pictures
    said = {note.code for note in moodle.losses(question)}
    assert (Loss.FOLLOW_UP_LOST in said) == bool(content.follow_up)
    assert (Loss.DRAFT_LOST in said) == question.is_draft


def test_many_questions_stay_apart_and_in_order():
    questions = [
        Exported(content=QuestionContent(kind=Kind.TEXT, prompt=f"Number {n}?", accepted=(f"{n}",)))
        for n in range(20)
    ]
    items = moodle.read(moodle.write(questions))
    assert [item.content for item in items] == [question.content for question in questions]
    assert [item.line for item in items] == sorted({item.line for item in items})


def test_moodle_gets_what_it_takes():
    """Moodle refuses a question without 100 %, and knows only some percentages."""
    right, wrong = ChoiceContent("yes", is_correct=True), ChoiceContent("no", feedback="Why?")
    several = QuestionContent(kind=Kind.SEVERAL, prompt="S", choices=(right,) * 3 + (wrong,))
    poll = QuestionContent(kind=Kind.POLL, prompt="P", choices=(wrong, wrong))
    number = QuestionContent(kind=Kind.NUMBER, prompt="N", unit="m/s²")
    text = QuestionContent(kind=Kind.TEXT, prompt="T", accepted=("a*b",))
    written = moodle.write([Exported(content=one) for one in (several, poll, number, text)])
    xml = written.decode()
    assert re.findall(r'fraction="([^"]*)"', xml) == [*["33.33333"] * 3, "-100", *["100"] * 4]
    assert re.findall(r"<single>(\w+)</single>", xml) == ["false", "true"]
    assert "<text>*</text>" in xml
    assert "<text>a\\*b</text>" in xml
    assert "<unit_name>m/s²</unit_name>" in xml


def test_pictures_come_with_the_text_that_cites_them():
    picture, other = EmbeddedPicture("a.png", b"\x89PNG"), EmbeddedPicture("b.png", b"b")
    content = QuestionContent(
        prompt="![A](file:a.png) and ![gone](file:gone.png)",
        choices=(ChoiceContent("![A](file:a.png)", is_correct=True), ChoiceContent("no")),
    )
    written = moodle.write([Exported(content=content, pictures=(picture, other))]).decode()
    assert written.count('<file name="a.png" path="/" encoding="base64">iVBORw==</file>') == 2
    assert written.count("@@PLUGINFILE@@/a.png") == 2
    assert "b.png" not in written
    (item,) = moodle.read(written.encode())
    assert item.pictures == (picture,)
    assert item.content.choices == content.choices


def test_a_draft_and_a_follow_up_are_said_to_be_lost():
    question = Exported(content=QuestionContent(prompt="?", follow_up="Why?"), is_draft=True)
    assert moodle.losses(question) == (Note(Loss.FOLLOW_UP_LOST), Note(Loss.DRAFT_LOST))
