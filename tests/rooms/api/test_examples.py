"""The examples of docs/http.md, run as they stand there against the demo course."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from PIL import Image

from accounts import tokens
from accounts.models import User
from rooms.actions.session import control
from rooms.models import Room
from rooms.wire.commands import NextQuestion, StopVote
from tests.running import environment, manage
from tests.servers import ROOT

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/http.md").read_text(), re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl")
def test_the_examples(site, tmp_path):
    assert manage("create_demo").returncode == 0
    student, instructor = (User.objects.get(username=name) for name in ("student1", "instructor"))
    student.set_password("correct horse")
    student.save()
    User.objects.create_user("tess", "tess@example.edu")
    running = site(workers=1)
    variables = {
        "SITE": running.origin,
        "PASSWORD": "correct horse",
        "TOKEN": tokens.issue(student),
        "INSTRUCTOR": tokens.issue(instructor),
        "ROOM": str(Room.objects.get(kind="course").id),
    }
    Image.new("RGB", (3, 2)).save(tmp_path / "curve.png")
    answers: list[Any] = []
    picture = release = ""
    for line in re.findall(r"^curl .*$", "\n".join(BLOCKS), re.MULTILINE):
        if "tokens/current" in line:
            continue  # it ends the token of those that follow
        if "quick_question" in line:
            for ending in (StopVote(uuid="stop"), NextQuestion(uuid="next")):
                control(user=instructor, course="physics101", command=ending)
        # curl fails on an error status; long polls wait for one second only.
        command = line.replace("curl -s", "curl -sS --fail-with-body").replace("=25", "=1")
        command = command.replace("/pictures/5f0c.../", f"/pictures/{picture}/")
        command = re.sub(r"(releases|outside)/7/", rf"\1/{release}/", command)
        done = subprocess.run(
            ["bash", "-c", command],
            env=environment(**variables),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        answers.append(json.loads(done.stdout) if done.stdout else None)
        if "--data-binary @curve.png" in line:
            picture = answers[-1]["key"]
        if "/releases/ " in line:
            release = answers[-1]["releases"][0]["release"]
    assert len(answers) == 34
    assert answers[0].keys() == {"token", "expires"}
    assert [message["text"] for message in answers[8]["results"]] == ["hello"]
    assert (answers[11]["round"], answers[11]["choice"]) == (1, "B")
    assert answers[12]["phase"] == "vote"
    assert [line["outcome"] for line in answers[18]["lines"]] == ["invite", "refused"]
    assert "sendmessage,to:*:hello" in (tmp_path / "uselog.csv").read_text()
    assert [one["outcome"] for one in answers[30]["questions"]] == ["new", "refused"]
