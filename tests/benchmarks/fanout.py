"""One room with 500 receivers, one message at a time: what a delivered frame costs the server."""

import sys

from tests.benchmarks.report import (
    CLIENT,
    CPU_PER_FRAME,
    FRAMES,
    MEDIAN,
    SLOW,
    Benchmark,
    Goal,
    main,
)
from tests.benchmarks.sides import Peerchat, Side, Stock

RECEIVERS = 500


def sides(warm_up: float, seconds: float) -> tuple[Side, Side]:
    return (
        Peerchat("fanout", sockets=RECEIVERS, warm_up=warm_up, seconds=seconds),
        Stock("fanout", sockets=RECEIVERS, warm_up=warm_up, seconds=seconds),
    )


FANOUT = Benchmark(
    title="One room, 500 receivers",
    about=(
        "500 sockets in one room. One of them sends a message when all have got the one before. "
        "peerchat stores each message in PostgreSQL before it delivers it; the stock consumer "
        "stores nothing here. Latency is from sending to the last of the 500."
    ),
    figures=(CPU_PER_FRAME, FRAMES, MEDIAN, SLOW, CLIENT),
    goals=(Goal(CPU_PER_FRAME, most=1 / 4),),
    sides=sides,
)

if __name__ == "__main__":
    sys.exit(main(FANOUT))
