"""Salesforce over Bulk API 2.0 query jobs: CSV straight to Arrow, deleted records included.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
Every field of an object that a bulk query can hold is read, so a new custom field appears by itself.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.salesforce_oauth import SalesforceAuth, instance_url
from cohorte.sources.base import BATCH, About, Source, SourceError, Stream, Window
from cohorte.sources.http import Http

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)
VERSION = "60.0"
POLL_SECONDS = (0.05, 10.0)
"""Between two looks at a job: the first, doubled each time up to the last."""
JOB_SECONDS = 7200
"""A job that takes longer is given up."""
NOT_IN_BULK = frozenset({"address", "location", "base64", "complexvalue"})
"""Compound and binary types, which bulk queries refuse."""
QUOTAS = {"DailyApiRequests": "requests of the day", "DailyBulkV2QueryJobs": "bulk queries of the day"}
"""https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm"""
OPTIONAL = frozenset({"Individual", "ContactPointTypeConsent", "ReturnOrder", "ReturnOrderLineItem"})
"""Objects an org has once it switched a feature on: Data Protection and Privacy; Field Service or Order Management.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_returnorder.htm
"""
LAG = timedelta(hours=1)
"""SystemModstamp is set before the transaction commits: a long one shows up behind the cursor."""


def _stream(name: str, resource: str) -> Stream:
    return Stream(
        name=name,
        resource=resource,
        key=("Id",),
        cursor="SystemModstamp",
        lag=LAG,
        has_fixed_columns=resource not in OPTIONAL,
    )


class Salesforce(Source):
    """Connection: `instance_url`, `consumer_key` and `consumer_secret` (or `private_key` and login) in its extra."""

    name = "salesforce"
    about = About(auth=("client_credentials", "jwt_bearer"), contract="the Bulk API 2.0 documentation, page by page")
    streams = (
        _stream("contact", "Contact"),
        _stream("product2", "Product2"),
        _stream("order", "Order"),
        _stream("order_item", "OrderItem"),
        _stream("return_order", "ReturnOrder"),
        _stream("return_order_line_item", "ReturnOrderLineItem"),
        _stream("campaign", "Campaign"),
        _stream("campaign_member", "CampaignMember"),
        _stream("account", "Account"),
        _stream("lead", "Lead"),
        _stream("opportunity", "Opportunity"),
        _stream("individual", "Individual"),
        _stream("contact_point_type_consent", "ContactPointTypeConsent"),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        version = credentials.extra.get("version") or VERSION
        self.http = Http(
            self.name,
            f"{instance_url(credentials, SourceError)}/services/data/v{version}",
            auth=SalesforceAuth(credentials, SourceError),
            connection=credentials.name,
            secrets=[str(credentials.extra.get("consumer_secret") or "")],
        )

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        if stream.resource in OPTIONAL and stream.resource not in self.objects:
            log.info(
                "%s: no %s in this org, or none this connection may see; once it does, load the past with --since",
                self._at(stream),
                stream.resource,
            )
            yield _nothing(stream)
            return
        types = self.types(stream)
        job = self._complete(stream, self._create(stream, list(types), window))
        locator, seen = "", {""}
        while True:
            page = self.http.get(f"/jobs/query/{job}/results", params=_page(locator))
            yield self._batch(stream, page, types)
            locator = page.headers.get("Sforce-Locator", "null")
            if locator == "null":
                break
            if locator in seen:
                raise SourceError(f"{self._at(stream)}: job {job} repeats its page {locator!r}. Run the load again.")
            seen.add(locator)
        self.http.request("DELETE", f"/jobs/query/{job}")

    def examine(self) -> Iterator[Finding]:
        answer = self.http.get("/limits")
        yield Finding("token", "ok", "Salesforce gave a session")
        yield health.scopes(set(self.objects), {stream.resource for stream in self.streams} - OPTIONAL)
        limits = answer.json()
        for name, what in QUOTAS.items():
            yield health.quota(limits[name]["Remaining"], limits[name]["Max"], what)
        yield health.clock(answer.headers.get("Date"))

    @cached_property
    def objects(self) -> frozenset[str]:
        """The objects this connection may see."""
        return frozenset(item["name"] for item in self.http.get("/sobjects").json()["sobjects"])

    def types(self, stream: Stream) -> "dict[str, pa.DataType]":
        """The fields of the stream's object as columns, in the platform's order."""
        fields = self.http.get(f"/sobjects/{stream.resource}/describe").json()["fields"]
        return {field["name"]: _arrow_type(field["type"]) for field in fields if field["type"] not in NOT_IN_BULK}

    def _create(self, stream: Stream, fields: list[str], window: Window) -> str:
        conditions = [f"{stream.cursor} < {_literal(window.until)}"]
        if window.since:
            conditions.insert(0, f"{stream.cursor} >= {_literal(window.since)}")
        query = f"SELECT {', '.join(fields)} FROM {stream.resource} WHERE {' AND '.join(conditions)}"
        # queryAll: deleted records come too, with IsDeleted true.
        return str(self.http.post("/jobs/query", json={"operation": "queryAll", "query": query}).json()["id"])

    def _complete(self, stream: Stream, job: str) -> str:
        """Waits for the job. Raises SourceError when it failed or takes longer than JOB_SECONDS."""
        pause, longest = POLL_SECONDS
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            answer: dict[str, Any] = self.http.get(f"/jobs/query/{job}").json()
            if answer["state"] == "JobComplete":
                return job
            if answer["state"] in ("Failed", "Aborted"):
                raise SourceError(
                    f"{self._at(stream)}: job {job} ended as {answer['state']}: "
                    f"{answer.get('errorMessage', 'no reason given')}. Run the load again; nothing was landed."
                )
            self.http.sleep(pause)
            pause = min(2 * pause, longest)
        raise SourceError(
            f"{self._at(stream)}: job {job} is not done after {JOB_SECONDS / 3600:g} h. "
            "Look at Setup > Bulk Data Load Jobs, or load a smaller window."
        )

    def _batch(self, stream: Stream, page: httpx.Response, types: "dict[str, pa.DataType]") -> "pa.RecordBatch":
        """A page's records. Raises SourceError when some are missing from it."""
        from cohorte.sources.csv_arrow import read_csv

        before = len(self.rejected)
        names, records = _split(page.content, list(types))
        if set(names) != types.keys():
            raise SourceError(
                f"{self._at(stream)}: asked for {sorted(types)}, got {sorted(names)}. Run the load again."
            )
        ordered = {name: types[name] for name in names}
        batch = read_csv(records, ordered, lambda *bad: self.reject(stream, *bad))
        promised = int(page.headers.get("Sforce-NumberOfRecords", batch.num_rows))
        if batch.num_rows + len(self.rejected) - before != promised:
            raise SourceError(
                f"{self._at(stream)}: a page holds {batch.num_rows} records instead of the {promised} promised. "
                "Run the load again; if it stays, a text field breaks the CSV's quoting."
            )
        return batch

    def _at(self, stream: Stream) -> str:
        return f"{self.name}.{stream.name}"


def _nothing(stream: Stream) -> "pa.RecordBatch":
    import pyarrow as pa

    columns = [(name, pa.string()) for name in stream.key] + [(stream.cursor, pa.timestamp("us", "UTC"))]
    return pa.RecordBatch.from_pylist([], schema=pa.schema(columns))


def _page(locator: str) -> dict[str, str | int]:
    return {"maxRecords": BATCH} | ({"locator": locator} if locator else {})


def _split(content: bytes, fields: list[str]) -> tuple[list[str], bytes]:
    """The field names of a page's header line, and its records."""
    header, _, records = content.partition(b"\n")
    return [name.strip('"') for name in header.decode().strip().split(",")] if content else fields, records


def _arrow_type(kind: str) -> "pa.DataType":
    """https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm"""
    import pyarrow as pa

    return {
        "datetime": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "boolean": pa.bool_(),
        "double": pa.float64(),
        "currency": pa.float64(),
        "percent": pa.float64(),
        "int": pa.float64(),  # a bulk query writes whole numbers as 3.0, too
        "long": pa.float64(),
    }.get(kind, pa.string())


def _literal(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
