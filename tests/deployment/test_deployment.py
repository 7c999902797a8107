"""The commands of docs/deployment.md and of the README's short form, in a temporary root."""

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.deployment import standin
from tests.pace import VARIABLE, patient
from tests.running import alive, children, until
from tests.servers import ROOT, find_postgres

SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NGINX = "events {\n\tworker_connections 768;\n}\n"
HEALTHY = {"status": "ok", "database": "ok", "migrations": "ok", "channel_layer": "ok"}
FOLDERS = (
    *("bin", "run", "srv", "usr/local/sbin", "etc/cron.daily", "etc/systemd/system"),
    *(f"etc/nginx/{name}" for name in ("sites-available", "sites-enabled", "modules-enabled")),
    *("var/backups", "var/lib", "var/log"),
)


class Machine:
    """A temporary root, and a shell in it that finds the stand-ins before the system's programs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._served: subprocess.Popen[bytes] | None = None
        self.role = f"deployed_{os.getpid()}"
        self.postgres = unquote(urlsplit(os.environ["DATABASE_URL"]).netloc.partition("@")[2])
        programs = find_postgres()
        assert programs is not None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True)
        (root / "etc/nginx/nginx.conf").write_text(NGINX)
        standin.provide(root / "bin")
        self.env = {
            "PATH": f"{root}/usr/local/sbin:{root}/bin:/usr/bin:/bin",
            "HOME": str(root),
            "LANG": "C.UTF-8",
            VARIABLE: os.environ[VARIABLE],
            "ROOT": str(root),
            "CALLS": str(root / "calls"),
            "PORT": str(port),
            "ROLE": self.role,
            "DATABASE": f"postgres://{self.role}@{quote(self.postgres, safe='')}/{self.role}",
            "REDIS": os.environ["REDIS_URL"],
            "POSTGRES_FOLDER": self.postgres,
            "POSTGRES_PROGRAMS": str(programs),
            # The answers that an administrator types at the terminal.
            "DJANGO_SUPERUSER_USERNAME": "ines",
            "DJANGO_SUPERUSER_EMAIL": "ines@example.edu",
            "DJANGO_SUPERUSER_PASSWORD": "a-long-enough-passphrase",
        }

    def run(self, commands: str, folder: str = "") -> str:
        """Run the commands of a document, each of which must succeed; return what they print."""
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", standin.in_root(commands, self.env)],
            cwd=self.root / folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patient(110),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.log()
        return done.stdout

    def calls(self, name: str) -> list[str]:
        lines = (self.root / "calls").read_text().splitlines()
        made = [arguments for program, *arguments in map(json.loads, lines) if program == name]
        return [" ".join(arguments).replace(str(self.root), "") for arguments in made]

    def log(self) -> str:
        log = self.root / "var/log/peerchat.log"
        return log.read_text() if log.exists() else ""

    def order(self, *names: str) -> list[str]:
        """Return the names of the programs that were called, of these."""
        lines = (self.root / "calls").read_text().splitlines()
        return [program for program, *_ in map(json.loads, lines) if program in names]

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(host=self.postgres, user=self.role, dbname=self.role) as connection:
            return connection.execute(sql.SQL(statement)).fetchall()

    def serve(self, command: str, folder: str) -> None:
        """Start a command that serves and does not end by itself."""
        self._served = subprocess.Popen(
            ["bash", "-c", f"exec {standin.in_root(command, self.env)}"],
            cwd=self.root / folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """Stop the site."""
        if self._served is not None:
            self._served.terminate()
            self._served.wait(patient(30))
        if (self.root / "run/peerchat.pid").exists():
            parent = self.pid()
            self.run("systemctl stop peerchat")
            until(lambda: not alive(parent), within=patient(30))

    def remove(self) -> None:
        """Stop the site, and remove its database and its role."""
        self.stop()
        with psycopg.connect(
            host=self.postgres, user="peerchat", dbname="peerchat", autocommit=True
        ) as connection:
            role = sql.Identifier(self.role)
            restored = sql.Identifier(f"{self.role}_restored")
            for name in (role, restored):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(name))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))

    def pid(self) -> int:
        return int((self.root / "run/peerchat.pid").read_text())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "root")
    yield made
    made.remove()


@pytest.mark.timeout(240)
@pytest.mark.long
def test_every_command_of_the_documents(machine: Machine):
    page = (ROOT / "docs/deployment.md").read_text()
    blocks = SHELL.findall(page)
    assert page.count("```") == 2 * len(blocks)
    upgrade = next(number for number, block in enumerate(blocks) if "git pull" in block)

    printed = machine.run("".join(blocks[:upgrade]))
    # The site is ready, and says so to requests by its address.
    assert printed.count(json.dumps(HEALTHY)) == 2
    assert f"\n{json.dumps({'status': 'ok'})}\n" in printed
    assert "\npeerchat_messages_stored_total " in printed
    assert re.search(r"All \d+ checks passed\.", printed)
    assert machine.query("SELECT username, is_superuser FROM peerchat_accounts_user") == [
        ("ines", True)
    ]
    kept = {path.name: path for path in (machine.root / "var/backups/peerchat").iterdir()}
    [dump] = kept.keys() - {"media"}
    assert dump.endswith(".dump")
    assert kept["media"].is_dir()
    check_calls(machine)
    check_files(machine)

    before = children(machine.pid())
    machine.run("".join(blocks[upgrade:]))
    until(lambda: "All workers have been replaced." in machine.log(), within=patient(60))
    assert not children(machine.pid()) & before
    check_sheets(machine)
    assert not re.search("Traceback|WARNING|ERROR", machine.log())

    machine.stop()
    check_readme(machine)


def check_calls(machine: Machine) -> None:
    """Check what the commands ask of a real system."""
    update, packages = machine.calls("apt-get")
    assert update == "update"
    assert {"cron", "curl", "git", "nginx", "postgresql", "redis-server", "python3-venv"} <= set(
        packages.split()
    )
    [user] = machine.calls("adduser")
    assert user.startswith("--system --group ")
    assert user.endswith(" peerchat")
    [pip] = machine.calls("pip")
    assert pip == "install --require-hashes -r requirements/base.txt"
    # Secrets are for root and the site; what root runs belongs to root.
    copies = machine.calls("install")
    assert "--mode=640 --owner=root --group=peerchat .env.example /etc/peerchat.env" in copies
    assert not [one for one in copies if "bin/" in one and "--owner" in one]
    # Only the site's user runs the site's code, and only PostgreSQL's own its programs.
    for one in machine.calls("runuser"):
        user, _, command = one.removeprefix("-u ").partition(" -- ")
        site = "env ENV_FILE=/etc/peerchat.env .venv/bin/python manage.py "
        assert (user == "peerchat") == command.startswith(site), one
        assert user in ("peerchat", "postgres")
    # nginx reads the certificate, so it comes first.
    [certificate] = machine.calls("certbot")
    assert certificate.endswith(" -d peerchat.example.edu")
    assert machine.calls("nginx") == ["-t"]
    assert machine.order("certbot", "nginx") == ["certbot", "nginx"]
    assert machine.calls("systemctl") == [
        "daemon-reload",
        "enable --now peerchat",
        "reload nginx",
        "status --no-pager peerchat",
    ]


def check_files(machine: Machine) -> None:
    settings = machine.root / "etc/peerchat.env"
    assert settings.stat().st_mode & 0o777 == 0o640
    secrets = re.findall(r"^(?:SECRET_KEY|METRICS_TOKEN)=(.{60,})$", settings.read_text(), re.M)
    assert len(set(secrets)) == 2
    assert "worker_connections 16384;" in (machine.root / "etc/nginx/nginx.conf").read_text()
    site = (machine.root / "etc/nginx/sites-enabled/peerchat").read_text()
    assert site.count("server_name peerchat.example.edu;") == 2


def check_sheets(machine: Machine) -> None:
    """Check that the style sheets of both versions are there."""
    folder = "static/peerchat/core"
    names = [
        path.name
        for path in (machine.root / "var/lib/peerchat" / folder).iterdir()
        if re.fullmatch(r"base\.[0-9a-f]{12}\.css", path.name)
    ]
    texts = [machine.run(f"curl https://peerchat.example.edu/{folder}/{name}") for name in names]
    assert sorted("The next version" in text for text in texts) == [False, True]


def check_readme(machine: Machine) -> None:
    """Check the README's short form: five lines, in a clone and on a database that are there."""
    text = (ROOT / "README.md").read_text()
    [section] = re.findall(r"^## Run it for a class\n(.*?)^## ", text, re.M | re.S)
    assert "(docs/deployment.md)" in section
    lines = re.findall(r"^    (.+)$", section, re.M)[:5]
    machine.run("\n".join(lines[:2]), "srv/peerchat")
    # The README sets this next; the rest is in the file already.
    with (machine.root / "srv/peerchat/.env").open("a") as settings:
        settings.write(f"STATIC_ROOT={machine.root}/var/lib/peerchat/static\n")
    machine.run("\n".join(lines[2:4]), "srv/peerchat")
    machine.serve(lines[4], "srv/peerchat")
    url = "https://peerchat.example.edu/accounts/login/"
    assert "<form" in machine.run(f"curl --retry-connrefused {url}")
    assert json.loads(machine.run("curl http://127.0.0.1:8000/readyz")) == HEALTHY
