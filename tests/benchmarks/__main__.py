"""Runs all benchmarks and writes docs/benchmarks.md; exits with 1 where a goal was missed."""

import sys

from tests.benchmarks.fanout import FANOUT
from tests.benchmarks.pairs import CLOSED_LOOP
from tests.benchmarks.report import main
from tests.servers import ROOT

sys.exit(main(FANOUT, CLOSED_LOOP, page=ROOT / "docs" / "benchmarks.md"))
