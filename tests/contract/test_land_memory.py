"""What a large extract takes does not grow with it."""

import re
import subprocess
import sys

from cohorte.settings import ROOT


def test_two_million_records_take_less_than_a_gibibyte() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_landing_memory.py"), "2000000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (peak,) = re.findall(r"2,000,000 records, .* s, (.*) GiB at the peak", done.stdout)
    assert float(peak) < 1
