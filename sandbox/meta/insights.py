"""What an ad account reports, ad by ad and day by day, as a report that is made in the background.

https://developers.facebook.com/docs/marketing-api/insights/best-practices (asynchronous jobs, their status)
https://developers.facebook.com/docs/marketing-api/reference/ad-report-run
https://developers.facebook.com/docs/marketing-api/insights/parameters (37 months at most; figures are text)
Parameters are those of `AdAccount.get_insights_async` in `facebook-business` 26.0.3, closed to all others. The sandbox
reports by ad and day and no other way. A guess: that a report is done at the second look.

Clicks that lead to a purchase are counted on the day of the click, up to 28 days later: figures still grow.
"""

import json
from datetime import date, timedelta
from typing import Any

from fastapi import Request

from sandbox.access import AD_ACCOUNT_ID
from sandbox.context import Sandbox, public_url
from sandbox.meta.door import missing, refuse

MAX_MONTHS, DEFAULT_LIMIT, MAX_LIMIT = 37, 25, 500
LOOKS = 2
ENDS_AS = "Job Completed"
SETTLED_AFTER = 28
"""Days until no purchase is counted any more."""
PARAMETERS = {
    *(
        "action_attribution_windows",
        "action_breakdowns",
        "action_report_time",
        "breakdowns",
        "cpas_only",
        "date_preset",
    ),
    *("default_summary", "export_columns", "export_format", "export_name", "fields", "filtering", "graph_cache"),
    *("level", "limit", "product_id_limit", "sort", "summary", "summary_action_breakdowns", "time_increment"),
    *("time_range", "time_ranges", "use_account_attribution_setting", "use_unified_attribution_setting"),
}
SIMULATED = {"fields", "level", "time_increment", "time_range"}
TEXT = "CAST({} AS VARCHAR)".format
FIELDS = {
    "account_id": f"'{AD_ACCOUNT_ID}'",
    **{name: name for name in ("campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id", "ad_name")},
    "impressions": TEXT("impressions"),
    "reach": TEXT("reach"),
    "clicks": TEXT("clicks"),
    "spend": TEXT("spend"),
    "actions": "purchases",
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta_report_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, since TEXT NOT NULL, until TEXT NOT NULL, fields TEXT NOT NULL,
    looks INTEGER NOT NULL DEFAULT 0);
"""
FIRST_RUN = 6_000_000_000_000


def prepare(sandbox: Sandbox) -> None:
    """No report was ever asked for."""
    sandbox.state.define(SCHEMA)


def ask(account: str, query: dict[str, Any], sandbox: Sandbox) -> dict[str, str]:
    """POST /act_<id>/insights"""
    if account != f"act_{AD_ACCOUNT_ID}":
        raise missing(account)
    if unknown := query.keys() - PARAMETERS:
        raise refuse(100, f"(#100) Invalid parameter: {min(unknown)}")
    if unsimulated := query.keys() - SIMULATED:
        raise refuse(100, f"the sandbox does not simulate {min(unsimulated)}")
    if query.get("level") != "ad" or str(query.get("time_increment")) != "1":
        raise refuse(100, "the sandbox reports with level=ad and time_increment=1")
    fields = _names(str(query.get("fields", "")))
    for name in fields:
        if name not in FIELDS:
            raise refuse(100, f"(#100) {name} is not valid for fields param.")
    since, until = _days(query.get("time_range"))
    if since < sandbox.now().date() - timedelta(days=MAX_MONTHS * 30):
        raise refuse(
            3018,
            f"(#3018) The start date of the time range cannot be beyond {MAX_MONTHS} months",
            "FacebookApiException",
        )
    with sandbox.state.transaction() as db:
        made = db.execute(
            "INSERT INTO meta_report_run (since, until, fields) VALUES (?, ?, ?)",
            [since.isoformat(), until.isoformat(), ",".join(fields)],
        )
        return {"report_run_id": str(FIRST_RUN + int(made.lastrowid or 0))}


def status(run_id: str, sandbox: Sandbox) -> dict[str, Any] | None:
    """GET /<report_run_id>; None when there is no such report."""
    run = _run(run_id, sandbox)
    if run is None:
        return None
    with sandbox.state.transaction() as db:
        db.execute("UPDATE meta_report_run SET looks = looks + 1 WHERE id = ?", [run["id"]])
    is_done = run["looks"] + 1 >= LOOKS
    return {
        "id": run_id,
        "account_id": AD_ACCOUNT_ID,
        "async_status": ENDS_AS if is_done else "Job Running",
        "async_percent_completion": 100 if is_done else 40,
        "date_start": run["since"],
        "date_stop": run["until"],
    }


def rows(run_id: str, query: dict[str, Any], request: Request, sandbox: Sandbox) -> dict[str, Any]:
    """GET /<report_run_id>/insights"""
    run = _run(run_id, sandbox)
    if run is None:
        raise missing(run_id)
    if unknown := query.keys() - {"limit", "after"}:
        raise refuse(100, f"(#100) Invalid parameter: {min(unknown)}")
    if run["looks"] < LOOKS:
        raise refuse(2601, "(#2601) Loading Async Session: the report is not complete", "FacebookApiException")
    limit, after = int(query.get("limit", DEFAULT_LIMIT)), int(query.get("after") or 0)
    if not 1 <= limit <= MAX_LIMIT:
        raise refuse(100, f"(#100) Param limit must be 1 to {MAX_LIMIT}")
    found = _rows(run, sandbox)
    page: dict[str, Any] = {"data": found[after : after + limit]}
    if page["data"]:
        page["paging"] = {"cursors": {"before": str(after), "after": str(after + len(page["data"]))}}
        if after + limit < len(found):
            page["paging"]["next"] = f"{public_url(request)}{request.url.path}?limit={limit}&after={after + limit}"
    return page


def _run(run_id: str, sandbox: Sandbox) -> Any:
    if not run_id.isdigit() or int(run_id) <= FIRST_RUN:
        return None
    with sandbox.state.transaction() as db:
        return db.execute("SELECT * FROM meta_report_run WHERE id = ?", [int(run_id) - FIRST_RUN]).fetchone()


def _rows(run: Any, sandbox: Sandbox) -> list[dict[str, Any]]:
    """As the account knows them at the sandbox's time."""
    today = sandbox.now().date()
    names = [name for name in run["fields"].split(",") if name] or ["impressions", "spend"]
    shown = ", ".join(FIELDS[name] for name in names)
    counted = (
        f"CAST(purchases * least(1.0, (1 + date_diff('day', day, DATE '{today}')) / {SETTLED_AFTER}.0) AS INTEGER)"
    )
    found = sandbox.world.cursor().execute(
        f"SELECT CAST(day AS VARCHAR), {shown} FROM (SELECT * REPLACE ({counted} AS purchases) FROM ad_day) "
        "WHERE day BETWEEN ? AND ? AND day <= ? ORDER BY day, ad_id",
        [run["since"], run["until"], today],
    )
    reported = []
    for day, *values in found.fetchall():
        row = dict(zip(names, values, strict=True)) | {"date_start": day, "date_stop": day}
        if "actions" in row:
            bought = row.pop("actions")
            row |= {"actions": [{"action_type": "purchase", "value": str(bought)}]} if bought else {}
        reported.append(row)
    return reported


def _names(text: str) -> list[str]:
    """Separated by commas, or a JSON list."""
    return json.loads(text) if text.startswith("[") else [name for name in text.split(",") if name]


def _days(text: Any) -> tuple[date, date]:
    try:
        given = json.loads(str(text))
        since, until = (date.fromisoformat(given[name]) for name in ("since", "until"))
    except (KeyError, TypeError, ValueError) as error:
        raise refuse(100, f"(#100) Param time_range must be a valid time range: {error}") from error
    if since > until:
        raise refuse(100, "(#100) since is after until")
    return since, until
