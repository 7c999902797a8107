import string

import pytest

from rooms.formats import (
    MOST_BYTES,
    MOST_ITEMS,
    MOST_PICTURES,
    FileRefused,
    aiken,
    csv_,
    gift,
    yaml_,
)
from rooms.formats.codes import FileFlaw, Reason
from rooms.formats.gift_answers import MOST_PIECES

# What a file starts with, and how each question of it is written.
FILES = {
    gift: ("", "Question {n}?{{=yes ~no}}\n\n"),
    aiken: ("", "Question {n}?\nA) yes\nB) no\nANSWER: A\n\n"),
    csv_: ("prompt,A,B,correct\n", "Question {n}?,yes,no,A\n"),
    yaml_: ("peerchat_questions: 1\nquestions:\n", "- {{kind: text, prompt: Question {n}}}\n"),
}


@pytest.mark.parametrize("reader", FILES, ids=lambda reader: reader.__name__)
def test_a_file_has_a_thousand_questions_at_most(reader):
    start, question = FILES[reader]
    questions = [question.format(n=n) for n in range(MOST_ITEMS + 1)]
    items = reader.read((start + "".join(questions[:-1])).encode())
    assert len(items) == MOST_ITEMS
    assert not any(item.refused for item in items)
    with pytest.raises(FileRefused) as refused:
        reader.read((start + "".join(questions)).encode())
    assert refused.value.code == FileFlaw.TOO_MANY
    assert refused.value.line == items[-1].line + question.count("\n")


@pytest.mark.parametrize("reader", [aiken, csv_], ids=lambda reader: reader.__name__)
def test_a_file_of_text_has_a_size(reader):
    with pytest.raises(FileRefused) as refused:
        reader.read(b"x" * (MOST_BYTES + 1))
    assert refused.value.code == FileFlaw.TOO_LARGE


def test_a_question_has_a_number_of_answers():
    answers = " ".join(f"~{n}" for n in range(MOST_PIECES + 1))
    (item,) = gift.read(f"Which?\n{{=yes {answers}}}".encode())
    assert item.refused.code == Reason.TOO_MANY_ANSWERS
    assert item.refused.line == 2


def test_a_question_has_a_number_of_pictures():
    pictures = [f"![x](data:image/png;base64,AAA{letter})" for letter in string.ascii_uppercase]
    most = "".join(pictures[:MOST_PICTURES])
    more = "".join(pictures[: MOST_PICTURES + 1])
    fine, refused = gift.read(f"Dots {most}{{=a ~b}}\n\nMore {more}{{=a ~b}}".encode())
    assert len(fine.pictures) == MOST_PICTURES
    assert refused.refused.code == Reason.TOO_MANY_PICTURES
