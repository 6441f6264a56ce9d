"""The sandbox's own page: what it holds, for whoever opens it."""

import httpx

from sandbox.faults import KINDS, PLATFORMS
from sandbox.server import Running


def test_the_page_says_what_there_is(shared_sandbox: Running) -> None:
    page = httpx.get(shared_sandbox.url).raise_for_status()
    assert page.headers["content-type"].startswith("text/html")
    for told in (*PLATFORMS, *shared_sandbox.connections, *KINDS, "GET /brevo/v3/account", "2017-11-30"):
        assert told in page.text
    assert "src=" not in page.text  # readable without the internet
