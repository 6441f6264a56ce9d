"""Audit: does a segment, or what a model selects, treat groups of customers alike? Kept in ml.audit_result."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cohorte import clock
from cohorte.lake import Lake
from cohorte.steps import frames
from cohorte.waivers import Waivers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from models_ml.audit import AuditReport


@dataclass(frozen=True)
class Audited:
    """What an audit found of one segment or model. `blocking`: breaches nobody has waived, in words."""

    subject: str
    report: "AuditReport"
    blocking: tuple[str, ...]


def audit_segments(*, lake: Lake) -> list[Audited]:
    """Every segment that has members, against all customers who ever bought; stored in one transaction."""
    members = lake.arrow("select segment, customer_id from segments.membership").to_pandas()
    found = judge_segments(members, lake=lake)
    waivers = Waivers.read(clock.today(lake.settings))
    with lake.transaction("audit"):
        lake.execute("delete from ml.audit_result where version is null")
        for audited in found:
            store(audited, waivers, lake=lake)
    return found


def judge_segments(members: "pd.DataFrame", *, lake: Lake) -> list[Audited]:
    """The audit of each segment among `members`: one row per segment and customer_id. Nothing is stored."""
    import pandas as pd

    attributes = frames.latest(lake, frames.SENSITIVE)
    position = pd.Series(range(len(attributes)), index=attributes.index)
    waivers = Waivers.read(clock.today(lake.settings))
    found = []
    for segment, customers in members.groupby("segment")["customer_id"]:
        rows = position.reindex(customers).dropna().astype(int)
        if len(rows):
            found.append(judge(str(segment), _mask(rows.to_numpy(), len(attributes)), attributes, waivers))
    return found


def judge(subject: str, selected: Any, attributes: "pd.DataFrame", waivers: Waivers) -> Audited:
    """Audits one selection. selected: a truth value a row of attributes."""
    from models_ml import audit_selection

    report = audit_selection(selected, attributes)
    blocking = tuple(
        f"{row.attribute} = {row.group}: {row.metric} {row.value:.2f}, limit {row.limit:g}"
        for row in report.breaches.itertuples()
        if not waivers.covers(subject, row.attribute)
    )
    return Audited(subject, report, blocking)


def store(audited: Audited, waivers: Waivers, *, lake: Lake, version: str | None = None) -> None:
    """Everything measured, into ml.audit_result, within the caller's transaction. version: of a model."""
    import pyarrow as pa

    table = audited.report.table
    rows = pa.table(
        {
            "subject": [audited.subject] * len(table),
            "version": pa.array([version] * len(table), pa.string()),
            "attribute": table["attribute"].astype(str).tolist(),
            "group_name": table["group"].astype(str).tolist(),
            "metric": table["metric"].astype(str).tolist(),
            "value": pa.array(table["value"], from_pandas=True),
            "limit_value": pa.array(table["limit"], from_pandas=True),
            "is_breach": table["is_breach"].tolist(),
            "is_waived": [waivers.covers(audited.subject, attribute) for attribute in table["attribute"]],
            "audited_at": [datetime.now(UTC).replace(tzinfo=None)] * len(table),
        }
    )
    lake.append("ml.audit_result", rows)


def unwaived_breaches(segments: tuple[str, ...], *, lake: Lake) -> list[tuple[str, str]]:
    """(segment, attribute) of the newest audit of each segment where a breach is not waived today."""
    waivers = Waivers.read(clock.today(lake.settings))
    marks = ", ".join("?" for _ in segments)
    rows = lake.rows(
        f"""select distinct subject, attribute from ml.audit_result
        where is_breach and version is null and subject in ({marks}) order by all""",
        list(segments),
    )
    return [(subject, attribute) for subject, attribute in rows if not waivers.covers(subject, attribute)]


def _mask(rows: "np.ndarray", size: int) -> "np.ndarray":
    import numpy as np

    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask
