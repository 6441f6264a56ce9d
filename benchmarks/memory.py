"""What a process took at most."""

from pathlib import Path


def peak() -> float:
    """GiB of this process since it was started: getrusage's figure may be that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 2**20
