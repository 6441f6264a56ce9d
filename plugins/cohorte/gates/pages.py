"""Data Docs: what the gates last said, as pages that need nothing from elsewhere.

Made of `ops.gate_result` and not by Great Expectations' own builder, whose pages load styles and scripts from the
internet. Rows by which an expectation was missed are not shown: they name people, and a page is not erased.
"""

from pathlib import Path
from typing import Any

from cohorte.lake import Lake

RUNS = 30
"""Runs whose outcome is shown beside the newest."""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Gate of {{ layer }}</title><style>
body {font: 15px/1.5 system-ui, sans-serif; color: #1c2733; max-width: 66rem; margin: 2rem auto; padding: 0 1rem}
h1 {font-size: 1.6rem; margin-bottom: .2rem} h2 {font: 600 1.05rem ui-monospace, monospace; margin: 2rem 0 .3rem}
p {color: #51606f; margin: .2rem 0} table {border-collapse: collapse; font-size: 13px; width: 100%}
th, td {text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e3e8ee; vertical-align: top}
td:first-child {white-space: nowrap; width: 5rem} td:nth-child(2) {width: 22rem} td:nth-child(3) {width: 12rem}
.passed {color: #1a7f4b} .warn {color: #9a6700} .blocked {color: #b42318; font-weight: 600}
.runs span {display: inline-block; width: .7rem; height: 1.1rem; margin-right: 2px; background: #1a7f4b}
.runs span.warn {background: #e0a800} .runs span.blocked {background: #b42318} nav a {margin-right: 1rem}
</style></head><body>
<nav>{% for other in layers %}<a href="{{ other }}.html">{{ other }}</a>{% endfor %}</nav>
<h1>Gate of {{ layer }}: <span class="{{ verdict }}">{{ verdict }}</span></h1>
<p>{{ results | length }} expectations of {{ tables | length }} tables, checked {{ checked_at }} UTC, run {{ run_id }}.
{% if waiting %}Not checked before their source has landed anything: {{ waiting | join(", ") }}.{% endif %}</p>
<p class="runs">{% for run in runs %}<span class="{{ run.verdict }}" title="{{ run.checked_at }}: {{ run.verdict }}">
</span>{% endfor %} the last {{ runs | length }} runs, oldest first</p>
{% if verdict != "passed" %}
<p>Keys of the rows: <code>from ops.gate_result where gate_run_id = '{{ run_id }}'</code></p>{% endif %}
{% for table, rows in tables.items() %}<h2 id="{{ table }}">{{ table }}</h2><table>
<tr><th>verdict</th><th>expectation</th><th>column</th><th>observed</th></tr>
{% for row in rows %}<tr><td class="{{ row.verdict }}">{{ row.verdict }}</td>
<td>{{ row.expectation }}</td><td>{{ row.column_name or "" }}</td>
<td>{{ row.observed }}{% if row.unexpected_count %} ({{ row.unexpected_count }} rows){% endif %}</td></tr>
{% endfor %}</table>{% endfor %}
</body></html>
"""


def folder(lake: Lake) -> Path:
    """Where the pages lie, one a layer."""
    return lake.settings.home / "gates"


def write(layer: str, tables: list[str], run_id: str, waiting: tuple[str, ...], *, lake: Lake) -> Path:
    """The page of a layer, with the run of that id as its newest. tables: those the layer's gate guards."""
    from jinja2 import Environment

    results = _rows(
        lake,
        """select gate, expectation, column_name, observed, unexpected_count, checked_at,
            case when is_passed then 'passed' when severity = 'warn' then 'warn' else 'blocked' end as verdict
        from ops.gate_result where gate_run_id = ?
        order by gate, is_passed, expectation, column_name""",
        [run_id],
    )
    runs = _rows(
        lake,
        """select max(checked_at)::timestamp(0) as checked_at,
            case when bool_or(not is_passed and severity = 'block') then 'blocked'
                when bool_and(is_passed) then 'passed' else 'warn' end as verdict
        from ops.gate_result where list_contains(?, gate) group by gate_run_id
        order by max(checked_at) desc, gate_run_id limit ?""",
        [tables, RUNS],
    )
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in results:
        by_table.setdefault(row["gate"], []).append(row)
    there = folder(lake)
    there.mkdir(parents=True, exist_ok=True)
    page = Environment(autoescape=True).from_string(PAGE)
    text = page.render(
        layer=layer,
        layers=sorted({path.stem for path in there.glob("*.html")} | {layer}),
        verdict=runs[0]["verdict"],
        checked_at=runs[0]["checked_at"],
        run_id=run_id,
        waiting=waiting,
        results=results,
        tables=by_table,
        runs=runs[::-1],
    )
    path = there / f"{layer}.html"
    draft = path.with_suffix(f".{run_id}")
    draft.write_text(text)
    draft.replace(path)  # a reader sees the page of before or this one
    return path


def _rows(lake: Lake, query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    return lake.arrow(query, parameters).to_pylist()
