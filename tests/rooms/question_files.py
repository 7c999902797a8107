"""Files of questions, and what an import makes of them."""

import base64
import io
from typing import Any

from PIL import Image

from rooms.actions import question_import as actions
from rooms.models import Course, Question
from rooms.queries import question_import as queries

GIFT = """\
// Two that can be taken, one that cannot, one that lacks its answer, and one that is repeated.
::Force:: What is $F$?{=$ma$#Newton ~$m \\\\dot v$ ~$mv$#A momentum}

::Long:: Describe a force.{}

What is <b>g</b>?{#9.81:0.02}

::Poll:: Which is best?{~A day ~A night}

What is <b>g</b>?{#9.81:0.02}
"""


def picture(colour: str = "red", size: int = 40) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "PNG")
    return file.getvalue()


def moodle(*pictures: bytes) -> bytes:
    """A file with a question for each picture, of which they differ in nothing else."""
    questions = "".join(
        f"""<question type="multichoice"><name><text>Look {number}</text></name>
<questiontext format="html"><text><![CDATA[<p>What is it?</p>
<img src="@@PLUGINFILE@@/a.png" alt="a square">]]></text>
<file name="a.png" encoding="base64">{base64.b64encode(data).decode()}</file></questiontext>
<single>true</single>
<answer fraction="100"><text>A square</text></answer>
<answer fraction="0"><text>A circle</text></answer></question>
"""
        for number, data in enumerate(pictures, start=1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>{questions}</quiz>'.encode()


def read(data: bytes | str, **options: str) -> queries.Source:
    return queries.read(data if isinstance(data, bytes) else data.encode(), **options)


def load(course: Course, data: bytes | str, **options: Any) -> actions.Imported:
    return actions.import_questions(course=course, source=read(data), **options)


def stored(course: Course) -> list[tuple[Any, ...]]:
    """All that an import could change."""
    return [
        (one.pk, one.slug, one.position, one.edit, one.is_draft, one.content, one.versions.count())
        for one in Question.objects.filter(course=course)
    ]


def outcomes(plan: queries.Plan) -> list[tuple[int, str]]:
    return [(planned.line, str(planned.outcome)) for planned in plan.questions]
