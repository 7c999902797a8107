"""The long form: each fault several times in one run, on real servers; prints a table.

    python -m tests.faults [--runs N] [--only NAME ...]

Exits with 1 where the checker found something.
"""

import argparse
import asyncio
import resource
import sys
import time

from tests.faults.cast import Cast
from tests.faults.causes import FAULTS, Fault, cause
from tests.faults.place import Place
from tests.faults.run import Outcome, Run

RUNS = 3
COLUMNS = (
    *("fault", "runs", "clients", "sent", "acked", "refused", "delivered", "resumed"),
    *("reconnected", "whole after", "violations"),
)


async def once(place: Place, cast: Cast, fault: Fault) -> Outcome:
    site = place.site()
    await asyncio.to_thread(site.__enter__)
    try:
        async with Run(place, site, cast, talk=fault.talk, mutes=fault.mutes, brief=False) as run:
            outcome = await cause(fault, run)
        if outcome.violations:
            sys.stdout.write(site.log.read_text()[-2000:])
        return outcome
    finally:
        await asyncio.to_thread(site.stop)


def row(fault: Fault, outcomes: list[Outcome]) -> list[str]:
    def total(name: str) -> str:
        return str(sum(getattr(one, name) for one in outcomes))

    longest = max((one.whole_after for one in outcomes), default=0)
    return [
        fault.name,
        str(len(outcomes)),
        str(max((one.clients for one in outcomes), default=0)),
        *map(total, ("sent", "acknowledged", "refused", "delivered", "resumed", "reconnected")),
        f"{longest:.1f} s",
        str(sum(len(one.violations) for one in outcomes)),
    ]


def table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = []
    for cells in (COLUMNS, *rows):
        first, *others = zip(cells, widths, strict=True)
        lines.append(
            "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", nargs="*", choices=[fault.name for fault in FAULTS])
    options = parser.parse_args()
    chosen = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    # Hundreds of sockets; the usual soft limit is 1024.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    began = time.monotonic()
    rows = []
    failed = 0
    sizes = [fault.students + fault.mutes for fault in chosen for _ in range(options.runs)]
    with Place(*sizes) as place:
        casts = iter(place.casts)
        for fault in chosen:
            outcomes = []
            for number in range(1, options.runs + 1):
                outcome = asyncio.run(once(place, next(casts), fault))
                outcomes.append(outcome)
                said = f"{fault.name} {number}: whole after {outcome.whole_after:.1f} s"
                sys.stdout.write(f"{said}, {len(outcome.violations)} violations\n")
                for violation in outcome.violations[:20]:
                    sys.stdout.write(f"    {violation}\n")
                sys.stdout.flush()
            rows.append(row(fault, outcomes))
            failed += sum(len(one.violations) for one in outcomes)
    sys.stdout.write(f"\n{table(rows)}\n\n{time.monotonic() - began:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
