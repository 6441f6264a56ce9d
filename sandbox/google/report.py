"""One report: a checked request turned into SQL over the simulated visits.

Names: https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema
Freshness: https://support.google.com/analytics/answer/11198161 (counts may still move for 24 to 48 hours)
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

DIMENSIONS = {
    "date": "strftime(day, '%Y%m%d')",
    "hour": "hour",
    "deviceCategory": "device",
    "city": "city",
    "itemCategory": "category",
    "customUser:crm_contact_id": "contact_id",
    "sessionSource": "source",
    "sessionMedium": "medium",
    "sessionCampaignName": "campaign",
}
METRICS = {
    "sessions": "count(DISTINCT visit)",
    "engagedSessions": "count(DISTINCT CASE WHEN views + carts > 1 THEN visit END)",
    "itemsViewed": "sum(views)",
    "itemsAddedToCart": "sum(carts)",
}
MAX_DIMENSIONS, MAX_METRICS, MAX_ROWS, DEFAULT_ROWS = 9, 10, 250_000, 10_000
SETTLED_AFTER = timedelta(days=2)


class InvalidReport(ValueError):
    """A request the API refuses with INVALID_ARGUMENT, or that asks for more than the stand-in knows."""


@dataclass(frozen=True)
class Report:
    """What to run: `sql` gives all rows of the report, in order; `offset` and `limit` cut the page."""

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    sql: str
    values: tuple[object, ...]
    offset: int
    limit: int


def plan(request: dict[str, Any], now: datetime) -> Report:
    """A request (already checked against the discovery document), as of `now`. Raises InvalidReport."""
    for name in request:
        if name not in {
            "dateRanges", "dimensions", "metrics", "dimensionFilter", "orderBys", "limit", "offset",
            "returnPropertyQuota", "keepEmptyRows", "property",
        }:  # fmt: skip
            raise InvalidReport(f"the sandbox does not simulate '{name}'")
    dimensions = _names(request, "dimensions", DIMENSIONS, MAX_DIMENSIONS)
    metrics = _names(request, "metrics", METRICS, MAX_METRICS)
    if not dimensions and not metrics:
        raise InvalidReport("The request must have at least one dimension or metric.")
    start, end = _range(request, now.date())
    condition, values = _filter(request.get("dimensionFilter"))
    columns = [f'{DIMENSIONS[name]} AS "{name}"' for name in dimensions]
    columns += [f'({METRICS[name]})::BIGINT AS "{name}"' for name in metrics]
    sql = (
        f"SELECT {', '.join(columns)} FROM ({_visible(now)}) WHERE day BETWEEN ? AND ? AND {condition}"
        f"{' GROUP BY ' + ', '.join(str(at + 1) for at in range(len(dimensions))) if dimensions else ''}"
        f" HAVING count(*) > 0 ORDER BY {_order(request, dimensions, metrics)}"
    )
    limit, offset = int(request.get("limit", DEFAULT_ROWS)), int(request.get("offset", 0))
    if limit <= 0:
        raise InvalidReport("The limit must be positive.")
    if offset < 0:
        raise InvalidReport("The offset must not be negative.")
    return Report(dimensions, metrics, sql, (start, end, *values), offset, min(limit, MAX_ROWS))


def _visible(now: datetime) -> str:
    """Visits until `now`; of the days not yet settled, about nine tenths of the counts."""
    moment = f"TIMESTAMP '{now.isoformat(sep=' ')}'"
    settled = f"day <= ({moment} - INTERVAL '{SETTLED_AFTER.days} days')::DATE"
    return (
        "SELECT visit, day, hour, device, city, contact_id, source, medium, campaign, category, carts, "
        f"views - CASE WHEN {settled} THEN 0 ELSE late_views END AS views FROM web_visit JOIN web_view USING (visit) "
        f"WHERE started <= {moment} AND ({settled} OR NOT is_late)"
    )


def _names(request: dict[str, Any], field: str, known: dict[str, str], most: int) -> tuple[str, ...]:
    asked = request.get(field, [])
    if len(asked) > most:
        raise InvalidReport(f"Requests are limited to {most} {field}. This request is for {len(asked)} {field}.")
    names = tuple(item.get("name", "") for item in asked)
    for item, name in zip(asked, names, strict=True):
        if item.keys() - {"name"}:
            raise InvalidReport(f"the sandbox does not simulate expressions in {field}")
        if name not in known:
            what = field.removesuffix("s")
            raise InvalidReport(
                f"Did you mean {_nearest(name, known)}? Field {name} is not a valid {what}. For a list of valid "
                "dimensions and metrics, see https://developers.google.com/analytics/devguides/reporting/data/v1/"
                "api-schema"
            )
    if len(set(names)) < len(names):
        raise InvalidReport(f"Duplicate {field} in the request.")
    return names


def _range(request: dict[str, Any], today: date) -> tuple[date, date]:
    ranges = request.get("dateRanges", [])
    if len(ranges) != 1:
        raise InvalidReport("A dateRange is required." if not ranges else "the sandbox simulates one date range")
    start, end = (_day(ranges[0].get(name, ""), name, today) for name in ("startDate", "endDate"))
    if start > end:
        raise InvalidReport(f"Invalid dateRange: startDate {start} is after endDate {end}.")
    return start, end


def _day(text: str, name: str, today: date) -> date:
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    if match := re.fullmatch(r"(\d+)daysAgo", text):
        return today - timedelta(days=int(match[1]))
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidReport(f"Invalid {name} : {text}. Date should be in YYYY-MM-DD, NdaysAgo, yesterday or today format.")


def _filter(expression: dict[str, Any] | None) -> tuple[str, list[object]]:
    """SQL and values of the part of FilterExpression simulated here: exact text, lists, and/or/not of them."""
    if not expression:
        return "true", []
    if len(expression) != 1:
        raise InvalidReport("A FilterExpression has exactly one of andGroup, orGroup, notExpression, filter.")
    ((kind, inner),) = expression.items()
    if kind == "notExpression":
        condition, values = _filter(inner)
        return f"NOT ({condition})", values
    if kind in ("andGroup", "orGroup"):
        parts = [_filter(part) for part in inner.get("expressions", [])]
        joined = f" {'AND' if kind == 'andGroup' else 'OR'} ".join(f"({condition})" for condition, _ in parts)
        return joined or "true", [value for _, held in parts for value in held]
    name = inner.get("fieldName", "")
    if name not in DIMENSIONS:
        raise InvalidReport(f"Field {name} is not a valid dimension to filter.")
    if inner.keys() == {"fieldName", "stringFilter"}:
        string = inner["stringFilter"]
        if string.get("matchType", "EXACT") not in ("EXACT", "MATCH_TYPE_UNSPECIFIED", 0, 1):
            raise InvalidReport("the sandbox simulates the EXACT match only")
        wanted, sensitive = [string.get("value", "")], string.get("caseSensitive", False)
    elif inner.keys() == {"fieldName", "inListFilter"}:
        wanted, sensitive = inner["inListFilter"].get("values", []), inner["inListFilter"].get("caseSensitive", False)
        if not wanted:
            raise InvalidReport("inListFilter.values must be non-empty.")
    else:
        raise InvalidReport("the sandbox simulates stringFilter and inListFilter only")
    column = DIMENSIONS[name] if sensitive else f"lower({DIMENSIONS[name]})"
    return f"{column} IN ({', '.join('?' for _ in wanted)})", [v if sensitive else v.lower() for v in wanted]


def _order(request: dict[str, Any], dimensions: tuple[str, ...], metrics: tuple[str, ...]) -> str:
    """As asked, then by all columns: pages of one report never overlap."""
    parts = []
    for order in request.get("orderBys", []):
        direction = "DESC" if order.get("desc") else "ASC"
        dimension, metric = order.get("dimension", {}).get("dimensionName"), order.get("metric", {}).get("metricName")
        name = dimension or metric
        if name not in (dimensions if dimension else metrics):
            raise InvalidReport(f"Order by {name} requires it to be in the request.")
        numeric = order.get("dimension", {}).get("orderType") in ("NUMERIC", 3)
        parts.append(f'TRY_CAST("{name}" AS DOUBLE) {direction}' if numeric else f'"{name}" {direction}')
    return ", ".join(parts + [f'"{name}"' for name in (*dimensions, *metrics)])


def _nearest(name: str, known: dict[str, str]) -> str:
    from difflib import get_close_matches

    return (get_close_matches(name, known, 1, 0) or [""])[0]
