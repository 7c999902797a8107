"""The tables of docs/scaling.md: `python -m tests.benchmarks.scaling` computes them again from
docs/benchmarks.json and writes them between the markers of the page, as `make bench` does at its
end."""

import json
from collections.abc import Callable

from tests.benchmarks import simulation
from tests.benchmarks.capacity import (
    Costs,
    Lesson,
    Machines,
    Needs,
    apart,
    batch,
    needs,
    saturation,
)
from tests.benchmarks.report import BEGIN, END, FIGURES, wrapped
from tests.servers import ROOT

PAGE = ROOT / "docs" / "scaling.md"
CAMPUS, SERVICE = 20_000, 1_000_000


def _costs(costs: Costs) -> str:
    def micro(value: float) -> str:
        return f"{value * 1e6:,.1f} µs"

    rows = [
        ("a frame of a course's room to one socket", micro(costs.frame), "", "fanout"),
        (
            "a message to a partner, many committed together",
            micro(costs.message),
            micro(costs.postgres_message),
            "pairs",
        ),
        ("the same, alone", micro(costs.lone_message), micro(costs.postgres_lone), "workers"),
        (
            "a vote, with the figures for the dashboard",
            micro(costs.vote),
            micro(costs.postgres_vote),
            "votes",
        ),
        (
            "a click of the instructor: at each student; in the database",
            micro(costs.click),
            micro(costs.postgres_click),
            "class",
        ),
        (
            "a connection, from handshake to `welcome`",
            micro(costs.connect),
            micro(costs.postgres_connect),
            "connect",
        ),
        ("a second of an idle connection", micro(costs.idle_second), "", "idle"),
        ("a second of a worker's own clocks", "", micro(costs.postgres_worker), "idle"),
        ("a message of Redis, at a worker that gets it", micro(costs.receive), "", "workers"),
    ]
    lines = ["| what | worker CPU | PostgreSQL CPU | benchmark |", "| --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    rest = (
        f"Redis takes {micro(costs.redis_message)} for a publish and "
        f"{micro(costs.redis_delivery)} for each worker that gets it (`workers`). An idle "
        f"connection takes {costs.memory / 1024:.0f} KB, beside {costs.worker_memory / 2**20:.0f} "
        f"MB for its worker (`idle`). A message takes {costs.wal:,.0f} bytes of write-ahead log, "
        f"and {costs.disk:,.0f} bytes on disk, its row of the use log and the indexes included "
        f"(`pairs`). One that is alone is stored and back in {costs.commit * 1000:.1f} ms (`lone`)."
    )
    return "\n".join(lines) + "\n\n" + wrapped(rest)


_ROWS: tuple[tuple[str, Callable[[dict[str, float]], str]], ...] = (
    ("messages stored per second", lambda n: f"{n['messages']:,.0f}"),
    ("connections per second while everybody arrives", lambda n: f"{n['arrivals']:,.0f}"),
    ("worker CPU, cores", lambda n: f"{n['worker_cores']:,.1f}"),
    ("of it for what other workers sent", lambda n: f"{n['receive_cores']:,.1f}"),
    ("worker CPU while everybody arrives, cores", lambda n: f"{n['arrival_cores']:,.1f}"),
    ("**workers**, one core each", lambda n: f"**{n['workers']:,.0f}**"),
    ("their memory, GB", lambda n: f"{n['memory'] / 1e9:,.1f}"),
    ("PostgreSQL CPU, cores", lambda n: f"{n['postgres_cores']:,.2f}"),
    ("commits per second", lambda n: f"{n['commits']:,.0f}"),
    ("write-ahead log, MB per second", lambda n: f"{n['wal'] / 1e6:,.1f}"),
    ("disk, GB on a day of four hours", lambda n: f"{n['disk_per_day'] / 1e9:,.1f}"),
    ("published to Redis per second", lambda n: f"{n['publishes']:,.0f}"),
    ("delivered by Redis per second", lambda n: f"{n['redis_deliveries']:,.0f}"),
    ("Redis CPU, cores", lambda n: f"{n['redis_cores']:,.2f}"),
    ("network to the students, Gbit per second", lambda n: f"{n['network'] / 1e9:,.2f}"),
    ("until all are back after an outage, s", lambda n: f"{n['back']:,.0f}"),
)


def _sizes(costs: Costs, lesson: Lesson, machines: Machines) -> str:
    campus = needs(CAMPUS, costs, lesson, machines)
    service = needs(SERVICE, costs, lesson, machines)
    cells = SERVICE // CAMPUS
    columns = [apart(campus, 1), apart(service, 1), apart(campus, cells)]
    head = ("", f"a campus: {CAMPUS:,}", f"a service: {SERVICE:,}", f"the same in {cells} cells")
    lines = [f"| {' | '.join(head)} |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {' | '.join(value(column) for column in columns)} |" for name, value in _ROWS
    ]
    return "\n".join(lines)


def _limits(costs: Costs, lesson: Lesson, machines: Machines) -> str:
    share = machines.share
    parts: list[tuple[str, str, Callable[[Needs], float], float]] = [
        (
            "Redis",
            f"one thread, {share:.0%} of it",
            lambda n: n.redis_cores,
            machines.redis_cores * share,
        ),
        (
            "PostgreSQL, CPU",
            f"{machines.postgres_cores} cores, {share:.0%} of them",
            lambda n: n.postgres_cores,
            machines.postgres_cores * share,
        ),
        (
            "PostgreSQL, commits",
            f"{machines.commits:,.0f} a second",
            lambda n: n.commits,
            machines.commits,
        ),
        (
            "the load balancer's network",
            f"{machines.network / 1e9:.0f} Gbit a second, {share:.0%} of it",
            lambda n: n.network,
            machines.network * share,
        ),
        (
            "workers that spend half their time on what others sent",
            "",
            lambda n: n.receive_cores / n.worker_cores,
            0.5,
        ),
    ]
    found = sorted(
        (saturation(part, limit, costs, lesson, machines), name, has)
        for name, has, part, limit in parts
    )
    lines = ["| part | what it has | students at once |", "| --- | --- | ---: |"]
    lines += [f"| {name} | {has} | {_round(number)} |" for number, name, has in found]
    return "\n".join(lines)


def _round(number: int) -> str:
    if number >= 90_000_000:
        return "more than 90,000,000"
    digits = max(len(str(number)) - 2, 0)
    return f"{round(number, -digits):,}"


def _hour(costs: Costs, lesson: Lesson, machines: Machines) -> str:
    workers = needs(CAMPUS, costs, lesson, machines).workers
    together = batch(0, costs.commit)
    seen = simulation.campus(
        students=CAMPUS,
        workers=workers,
        prices=simulation.Prices(
            click=costs.click,
            vote=costs.vote,
            message=costs.message + (costs.lone_message - costs.message) / together,
            typing=costs.message,
            frame=costs.frame,
            connect=costs.connect,
            idle_second=costs.idle_second,
            receive=costs.receive,
            postgres_click=costs.postgres_click,
            postgres_vote=costs.postgres_vote,
            postgres_message=costs.postgres_lone,
            postgres_connect=costs.postgres_connect,
            redis_message=costs.redis_message,
            redis_delivery=costs.redis_delivery,
        ),
    )
    lines = [
        f"| cores, with {workers} workers | on average | in one second of a hundred | at most |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {mean:.2f} | {rare:.2f} | {most:.2f} |" for name, mean, rare, most in seen
    ]
    return "\n".join(lines)


def write() -> None:
    """Compute the tables again and put them into the page."""
    found = json.loads(FIGURES.read_text(encoding="utf-8"))
    costs, lesson, machines = Costs.measured(found["figures"]), Lesson(), Machines()
    tables = {
        "costs": _costs(costs),
        "sizes": _sizes(costs, lesson, machines),
        "limits": _limits(costs, lesson, machines),
        "hour": _hour(costs, lesson, machines),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = BEGIN.replace("measured", name), END.replace("measured", name)
        before, _, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        assert found_end, f"{PAGE} lacks {begin} or {end}"
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
