"""An endpoint of one's own, that does what the webhook's documentation promises and remembers what came."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Endpoint:
    """Remembers what came, answers what it is told to."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    judge: Callable[[list[dict[str, Any]]], tuple[int, dict[str, str], Any] | None] = lambda operations: None
    """Looks at the operations of a call, and has an answer of its own or none."""

    @property
    def operations(self) -> list[dict[str, Any]]:
        return [operation for _, body in self.received for operation in json.loads(body)["operations"]]

    @property
    def members(self) -> set[str]:
        """Who is in the audience, for a receiver that acts once on each id."""
        members: set[str] = set()
        for operation in {operation["id"]: operation for operation in self.operations}.values():
            if operation["operation"] == "remove":
                members.discard(operation["key"])
            else:
                members.add(operation["key"])
        return members


@contextmanager
def answering() -> Iterator[Endpoint]:
    """An endpoint that listens until the block ends."""
    here = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.received.append((dict(self.headers), body))
            judged = here.judge(json.loads(body)["operations"])
            status, headers, answer = here.answers.pop(0) if here.answers else judged or (204, {}, None)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            content = b"" if answer is None else json.dumps(answer).encode()
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_port}/audience"
    yield here
    server.shutdown()
    thread.join()
    server.server_close()
