"""200 pairs in closed loop, each message committed in PostgreSQL before its ack."""

import sys

from tests.benchmarks.report import (
    CLIENT,
    CPU_PER_MESSAGE,
    MEDIAN,
    MESSAGES,
    SLOW,
    Benchmark,
    Goal,
    main,
)
from tests.benchmarks.sides import Peerchat, Side, Stock

PAIRS = 200


def sides(warm_up: float, seconds: float) -> tuple[Side, Side]:
    return (
        Peerchat("pairs", sockets=2 * PAIRS, warm_up=warm_up, seconds=seconds),
        Stock("pairs", sockets=2 * PAIRS, warm_up=warm_up, seconds=seconds),
    )


CLOSED_LOOP = Benchmark(
    title="200 pairs in closed loop",
    about=(
        "200 rooms with two sockets each. One of the two sends a message when its last one came "
        "back, which it does when it is committed in PostgreSQL; the other one gets it, too. Both "
        "sides end with as many messages in the database as were sent. Latency is from sending "
        "to the message's coming back."
    ),
    figures=(MESSAGES, MEDIAN, SLOW, CPU_PER_MESSAGE, CLIENT),
    goals=(Goal(MESSAGES, least=4),),
    sides=sides,
)

if __name__ == "__main__":
    sys.exit(main(CLOSED_LOOP))
