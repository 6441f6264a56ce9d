"""Reports of a Meta ad account, made in the background: asked for, waited for, read.

https://developers.facebook.com/docs/marketing-api/insights/best-practices
"""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from cohorte.sources.base import SourceError
from cohorte.sources.http import Http

FIELDS = (
    *("account_id", "campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id", "ad_name"),
    *("impressions", "reach", "clicks", "spend", "actions"),
)
KEY = ("ad_id", "date_start")
DAYS = 90
"""Days a report: Meta gives up on larger ones of large accounts."""
POLL_SECONDS = (0.05, 30.0)
"""Between two looks at a report: the first, doubled each time up to the last."""
PATIENCE = 3600.0
"""Seconds a report may take in all."""
ATTEMPTS = 2
"""Meta's advice for a report that failed: ask for it again."""
FAILED = frozenset({"Job Failed", "Job Skipped"})

Pages = Callable[[str], Iterator[dict[str, Any]]]


def report(http: Http, account: str, first: date, last: date, pages: Pages) -> Iterator[dict[str, Any]]:
    """One row per ad and day, figures as text. `pages` reads all records of an edge.

    Raises SourceError when the report cannot be made, or is not made in time.
    """
    asked = {
        "level": "ad",
        "time_increment": 1,
        "time_range": json.dumps({"since": first.isoformat(), "until": last.isoformat()}),
        "fields": ",".join(FIELDS),
    }
    for attempt in range(1, ATTEMPTS + 1):
        run = str(http.request("POST", f"/act_{account}/insights", data=asked).json()["report_run_id"])
        ended = _finished(http, run)
        if ended["async_status"] not in FAILED:
            yield from pages(f"{run}/insights")
            return
        if attempt == ATTEMPTS:
            why = ended.get("error_user_msg") or ended.get("error_message") or "no reason given"
            raise SourceError(
                f"meta.ad_insight: report {run} of {first} to {last} ended as {ended['async_status']}: {why}. "
                "Nothing was landed. Run the load again, or load a smaller window."
            )


def _finished(http: Http, run: str) -> dict[str, Any]:
    """What is said of a report once it is made, or cannot be."""
    (pause, longest), waited = POLL_SECONDS, 0.0
    while waited < PATIENCE:
        told: dict[str, Any] = http.get(f"/{run}").json()
        if told["async_status"] == "Job Completed" or told["async_status"] in FAILED:
            return told
        http.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, longest)
    raise SourceError(
        f"meta.ad_insight: report {run} is not made after {PATIENCE / 60:.0f} minutes ({told['async_status']}, "
        f"{told.get('async_percent_completion', 0)} %). Run the load again, or load a smaller window."
    )
