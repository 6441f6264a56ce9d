"""What a large extract takes does not grow with it."""

import re
import subprocess
import sys

from cohorte.settings import ROOT

MOST = 1.5
"""GiB. Held in memory, the records alone would be about as much."""


def test_four_million_records_are_not_held_in_memory() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_landing_memory.py"), "4000000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (peak,) = re.findall(r"4,000,000 records, .* s, (.*) GiB at the peak", done.stdout)
    assert float(peak) < MOST
