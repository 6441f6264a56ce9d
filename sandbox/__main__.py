"""`python -m sandbox serve`: the stand-ins on one port."""

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="generate the world if need be, and answer until interrupted")
    serve.add_argument("--dir", type=Path, default=Path("var/sandbox"), help="where world and state live")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    serve.add_argument("--port-file", type=Path, help="file that receives the port when the sandbox is ready")
    serve.add_argument("--households", type=int, help="keep only so many households (default: all 2,469)")
    serve.add_argument("--scale", type=int, default=1, help="copies of every household, jittered")
    serve.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)

    from sandbox.server import serve as run
    from sandbox.world.build import Cut

    try:
        cut = Cut(given.households, given.scale, given.seed)
        run(given.dir, cut, host=given.host, port=given.port, port_file=given.port_file)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
