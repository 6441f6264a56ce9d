"""The embedded server: whoever comes first starts it, also after somebody stopped it."""

import subprocess
import sys
import tempfile

STOPPED_AND_STARTED = """
import sys
from pathlib import Path
import psycopg2
from cohorte import postgres
from cohorte.settings import Settings

settings = Settings(home=Path(sys.argv[1]))
for _ in range(2):
    psycopg2.connect(postgres.conninfo(settings, "postgres")).close()
    postgres.stop(settings)
print("stopped" if not (settings.home / "postgres" / "postmaster.pid").exists() else "running")
"""


def test_a_server_that_was_stopped_starts_again_and_ends_in_silence() -> None:
    with tempfile.TemporaryDirectory() as home:  # the path of a socket has to be short
        command = [sys.executable, "-c", STOPPED_AND_STARTED, home]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("stopped\n", "")
