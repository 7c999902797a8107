"""A stand-in for a program of the system: `python standin.py <program> <arguments>`.

It notes each call in the file $CALLS, a line of JSON each. Programs that need root, the network or
a whole machine do no more than that, or do their work inside the temporary root $ROOT.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DEPLOYED = (
    *("accounts", "deploy", "peerchat", "requirements", "rooms", "static", "templates"),
    *("manage.py", "pyproject.toml", ".env.example"),
)
CURL_WITHIN = 60.0
"""Seconds for which curl tries again, on a quiet machine."""


def in_root(text: str, env: Mapping[str, str]) -> str:
    """Return commands or settings in which all places and servers are those of the test.

    The class of the rehearsal and the pool of workers are smaller.
    """
    text = re.sub(r"(?<![\w.%}])/(srv|etc|var|usr/local)/", rf"{env['ROOT']}/\1/", text)
    for theirs, ours in (
        ("postgres://peerchat@%2Fvar%2Frun%2Fpostgresql/peerchat", env["DATABASE"]),
        ("postgres://peerchat:password@localhost/peerchat", env["DATABASE"]),
        ("redis://localhost:6379/0\n", f"{env['REDIS']}\nREDIS_PREFIX={env['ROLE']}\n"),
        ("8000", env["PORT"]),
        ("--workers 4", "--workers 2"),
        ("--students 300", "--students 12"),
    ):
        text = text.replace(theirs, ours)
    return text


def root(*parts: str) -> Path:
    return Path(os.environ["ROOT"], *parts)


def main(name: str, arguments: list[str]) -> None:
    with Path(os.environ["CALLS"]).open("a") as calls:
        calls.write(json.dumps([name, *arguments]) + "\n")
    if name in PROGRAMS:
        PROGRAMS[name](arguments)


def git(arguments: list[str]) -> None:
    if arguments[0] == "clone":
        folder = Path(arguments[2])
        folder.mkdir()
        for part in DEPLOYED:
            if (CHECKOUT / part).is_dir():
                # With the compiled modules: to compile them takes as long as a migration.
                shutil.copytree(CHECKOUT / part, folder / part, symlinks=True)
            else:
                shutil.copy(CHECKOUT / part, folder / part)
        for file in (folder / ".env.example", *(folder / "deploy").iterdir()):
            file.write_text(in_root(file.read_text(), os.environ))
    else:
        # The new version has another style sheet.
        with Path("static/peerchat/core/base.css").open("a") as sheet:
            sheet.write("\n/* The next version. */\n")


def python3(arguments: list[str]) -> None:
    if arguments[:2] != ["-m", "venv"]:
        os.execv(sys.executable, [sys.executable, *arguments])
    programs = Path(arguments[2]) / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name, command in (
        ("python", [sys.executable]),
        ("pip", [sys.executable, "-S", __file__, "pip"]),
    ):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        program.chmod(0o755)


def pip(arguments: list[str]) -> None:
    if not Path(arguments[-1]).is_file():
        sys.exit(f"There is no {arguments[-1]}.")


def install(arguments: list[str]) -> None:
    # Only root can give a file to somebody else.
    rest = [one for one in arguments if not one.startswith(("--owner=", "--group="))]
    os.execv("/usr/bin/install", ["install", *rest])


def runuser(arguments: list[str]) -> None:
    _, user, _, *command = arguments
    env = dict(os.environ)
    if user == "postgres":
        env |= {"PGHOST": env["POSTGRES_FOLDER"], "PGUSER": "peerchat"}
    elif command[-1] == "createsuperuser":
        # Nobody is at the terminal.
        command.append("--noinput")
    os.execvpe(command[0], command, env)


def of_postgresql(name: str) -> Callable[[list[str]], None]:
    """Return the real program, on the tests' server with names that nobody else uses."""

    def run(arguments: list[str]) -> None:
        program = str(Path(os.environ["POSTGRES_PROGRAMS"]) / name)
        own = os.environ["ROLE"]
        named = [re.sub(r"^(--(?:owner|dbname)=)?peerchat", rf"\1{own}", one) for one in arguments]
        os.execv(program, [name, *named])

    return run


def systemctl(arguments: list[str]) -> None:
    if "peerchat" not in arguments:
        return
    match arguments[0]:
        case "enable" | "restart":
            _stop()
            _start()
        case "reload":
            assert _of_unit("ExecReload") == "/bin/kill -HUP $MAINPID"
            os.kill(int(root("run/peerchat.pid").read_text()), signal.SIGHUP)
        case "stop":
            _stop()
        case "status":
            sys.stdout.write(root("var/log/peerchat.log").read_text())


def _start() -> None:
    env = {"PATH": os.defpath, "TESTS_PACE": os.environ["TESTS_PACE"]}
    for line in Path(_of_unit("EnvironmentFile")).read_text().splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            env[key] = value
    with root("var/log/peerchat.log").open("a") as log:
        process = subprocess.Popen(
            shlex.split(_of_unit("ExecStart")),
            cwd=_of_unit("WorkingDirectory"),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    root("run/peerchat.pid").write_text(str(process.pid))


def _stop() -> None:
    pid = root("run/peerchat.pid")
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGTERM)
        pid.unlink()


def _of_unit(key: str) -> str:
    unit = root("etc/systemd/system/peerchat.service").read_text()
    [value] = re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)
    return value


def curl(arguments: list[str]) -> None:
    """Fetch a page, from the site as nginx would if the address is https."""
    url = arguments[-1]
    headers = {}
    if "--header" in arguments:
        key, _, value = arguments[arguments.index("--header") + 1].partition(": ")
        headers[key] = value
    if url.startswith("https://"):
        host, _, path = url.removeprefix("https://").partition("/")
        nginx = root("etc/nginx/sites-enabled/peerchat").read_text()
        given = {"$http_host": host, "$scheme": "https", "$proxy_add_x_forwarded_for": "192.0.2.7"}
        for key, value in re.findall(r"proxy_set_header ([\w-]+) (\$\w+);", nginx):
            if value in given:
                headers[key] = given[value]
        [upstream] = re.findall(r"server (127\.0\.0\.1:\d+);", nginx)
        url = f"http://{upstream}/{path}"
    opener = urllib.request.build_opener(_NoRedirect)
    deadline = time.monotonic() + CURL_WITHIN * float(os.environ["TESTS_PACE"])
    while True:
        try:
            with opener.open(urllib.request.Request(url, headers=headers)) as answer:
                body = answer.read().decode()
            break
        except urllib.error.HTTPError as error:
            sys.exit(f"curl: {error.code} {error.headers.get('Location', '')}")
        except OSError as error:
            if "--retry-connrefused" not in arguments or time.monotonic() > deadline:
                sys.exit(f"curl: {error}")
            time.sleep(0.1)
    if "--output" not in arguments:
        sys.stdout.write(f"{body}\n")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "curl": curl,
    "git": git,
    "install": install,
    "pip": pip,
    "python3": python3,
    "runuser": runuser,
    "systemctl": systemctl,
    **{
        name: of_postgresql(name)
        for name in ("createuser", "createdb", "dropdb", "pg_dump", "pg_restore")
    },
}
NOTED = ("adduser", "apt-get", "certbot", "journalctl", "nginx")
"""Programs whose calls are only noted."""


def provide(folder: Path) -> None:
    """Put all stand-ins into a folder for the PATH."""
    for name in (*PROGRAMS, *NOTED):
        if name != "pip":
            program = folder / name
            command = shlex.join([sys.executable, "-S", __file__, name])
            program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            program.chmod(0o755)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
