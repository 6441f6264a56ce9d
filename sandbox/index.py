"""`/`: what this sandbox holds, for whoever opens it in a browser."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from sandbox.access import connections
from sandbox.clock import text
from sandbox.context import Here, Sandbox, public_url
from sandbox.errors import platform_of
from sandbox.faults import KINDS, PLATFORMS

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Cohorte sandbox</title>
<style>
 body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
 h1 {{ font-size: 1.5rem; margin-bottom: 0 }} h2 {{ font-size: 1.05rem; margin: 2rem 0 .3rem }}
 table {{ border-collapse: collapse; width: 100% }} td, th {{ text-align: left; padding: .2rem .8rem .2rem 0;
   border-bottom: 1px solid #e5e5e5; vertical-align: top }} td.n {{ text-align: right }}
 code {{ background: #f4f4f4; padding: .1rem .3rem; border-radius: 3px }} .quiet {{ color: #777 }}
</style>
<h1>Cohorte sandbox</h1>
<p class="quiet">Stand-ins for the platforms, on one port; its clock says <b>{now}</b>. Purchases, products,
demographics and campaigns are real (Complete Journey, 84.51&deg;); people, visits, words, letters
and what was brought back are made up.</p>
<h2>Platforms</h2><table><tr><th>platform<th>requests so far<th>connections<th>endpoints</tr>{platforms}</table>
<h2>World, as of its clock</h2><table><tr><th>table<th>rows</tr>{tables}</table>
<h2>Bad days on demand</h2><p>Plant one with <code>POST /_control/faults</code>, clear them with <code>DELETE</code>;
move time with <code>POST /_control/clock {{"advance_days": 1}}</code>.</p>
<table><tr><th>kind<th>what happens</tr>{faults}</table></html>"""
COUNTED = {
    "order": "CreatedDate", "order_item": "CreatedDate", "return_order_line_item": "CreatedDate",
    "contact": "SystemModstamp", "campaign_member": "CreatedDate", "web_visit": "started", "lead": "created",
    "page_comment": "created", "mail_event": "happened_at",
}  # fmt: skip

router = APIRouter()


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def index(request: Request, sandbox: Here) -> str:
    calls, served = request.app.state.traffic.calls, _endpoints(request)
    owners = {at: _owner(at) for at in connections(public_url(request), sandbox.folder)}
    platforms = "".join(
        f"<tr><td>{name}<td>{calls[name]:,}<td>{', '.join(at for at, owner in owners.items() if owner == name)}"
        f"<td>{'<br>'.join(f'<code>{escape(path)}</code>' for path in served.get(name, ()))}</tr>"
        for name in PLATFORMS
    )
    tables = "".join(f"<tr><td>{name}<td class=n>{rows:,}</tr>" for name, rows in _counts(sandbox).items())
    faults = "".join(f"<tr><td><code>{kind}</code><td>{escape(said)}</tr>" for kind, said in KINDS.items())
    return PAGE.format(now=text(sandbox.now()), platforms=platforms, tables=tables, faults=faults)


def _owner(connection: str) -> str:
    """The platform with the longest name that a connection's id begins with."""
    return max((name for name in PLATFORMS if connection.startswith(name)), key=len, default="")


def _endpoints(request: Request) -> dict[str, list[str]]:
    """Platform -> its methods and paths, each once."""
    found: dict[str, dict[str, None]] = {}
    routes: list[Any] = request.app.routes
    for route in routes:
        for method in sorted(getattr(route, "methods", None) or ()):
            platform = platform_of(route.path)
            if platform and not route.path.startswith("/services"):  # Salesforce's, a second time
                found.setdefault(platform, {})[f"{method} {route.path}"] = None
    return {platform: sorted(paths, key=lambda path: path.split()[1]) for platform, paths in found.items()}


def _counts(sandbox: Sandbox) -> dict[str, int]:
    world, now = sandbox.world.cursor(), sandbox.now()
    return {
        table: int((world.execute(f'SELECT count(*) FROM "{table}" WHERE {at} <= ?', [now]).fetchone() or (0,))[0])
        for table, at in COUNTED.items()
    }
