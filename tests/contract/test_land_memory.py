"""What a large extract takes does not grow with it."""

import re
import subprocess
import sys

import pytest

from cohorte.settings import ROOT

LONG = pytest.mark.long("an extract of four million records")


@pytest.mark.parametrize(("records", "most"), [(1_000_000, 0.9), pytest.param(4_000_000, 1.5, marks=LONG)])
def test_records_are_not_held_in_memory(records: int, most: float) -> None:
    """most: GiB at the peak. Held in memory, four million records alone would be about 1.5."""
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_landing_memory.py"), str(records)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (peak,) = re.findall(rf"{records:,} records, .* s, (.*) GiB at the peak", done.stdout)
    assert float(peak) < most
