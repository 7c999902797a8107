"""Instruments all modules ahead: `python -m tests.measure <folder>`.

The processes of pytest start together, and would all instrument each module at the same time.
"""

import os
import sys
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from tests.measure.sitecustomize import OMITTED, ROOT, SOURCES, kept

if __name__ == "__main__":
    modules = [
        path
        for name in SOURCES
        for path in sorted((ROOT / name).rglob("*.py"))
        if not any(path.match(omitted) for omitted in OMITTED)
    ]
    with Pool(os.cpu_count()) as pool:
        pool.map(partial(kept, Path(sys.argv[1])), modules, chunksize=20)
