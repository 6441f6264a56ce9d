"""Any REST API that answers JSON: dlt's `rest_api`, whose words the entries use.

`client` of the source (`paginator`, `headers`) and `endpoint` of a table (`path`, `params`, `paginator`,
`data_selector`) are dlt's: https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic
A parameter may hold `{incremental.start_value}`: the newest value of the table's `cursor` that is landed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from cohorte.health import Finding
from cohorte.sources.base import BATCH, About, SourceError, Stream, Window
from cohorte.sources.declared.base import Declared, DeclaredStream, Land
from cohorte.sources.declared.records import records_to_batch
from cohorte.sources.declared.rest_access import client

if TYPE_CHECKING:
    import pyarrow as pa
    import requests

CURSOR, START = "cursor", "{incremental.start_value}"
MOST_SAME = 3
"""The same answer, byte for byte, so often in a row."""
EMPTY_PAGES = 100
"""Pages without a record in a row before that is called endless."""


class EndpointLand(Land):
    """What a table of a REST API says."""

    endpoint: dict[str, Any]
    """dlt's."""
    cursor: str | None = None
    """A field of the records that only grows: a time of change as text, or a number."""
    initial: str | int = "1970-01-01T00:00:00Z"
    """The cursor's value to begin with."""
    mode: Literal["incremental", "full"] = "incremental"
    parents: tuple[dict[str, Any], ...] = ()
    """dlt's resources whose records the endpoint takes parameters from (`{resources.<name>.<field>}`)."""

    @model_validator(mode="after")
    def _incremental_has_a_cursor(self) -> "EndpointLand":
        if self.mode == "incremental" and not self.cursor:
            raise ValueError("an incremental endpoint needs a `cursor`; or say `mode: full`")
        return self


class RestApi(Declared):
    """Connection: `host`; login and password, or a token as password; `token_url` or `api_key_header` in its extra."""

    about = About(
        auth=("none", "basic", "bearer", "api_key", "client_credentials"), contract="none: the API's own words"
    )
    Land = EndpointLand
    backoff = 1.0
    """Seconds before dlt tries again; doubles each time."""

    @classmethod
    def stream(cls, name: str, land: Any) -> DeclaredStream:
        return DeclaredStream(
            name=name,
            resource=str(land.endpoint.get("path", "")),
            key=land.key,
            cursor=land.cursor or "",
            mode="full" if land.mode == "full" else "bookmarked",
            has_fixed_columns=False,
            contract=land.contract,
            is_never_empty=land.is_never_empty,
            land=land,
        )

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        """Records beyond the cursor; with `since`, those from that time on, for cursors that are times as text."""
        assert isinstance(stream, DeclaredStream)
        cursor = stream.land.cursor
        held: list[dict[str, Any]] = []
        newest: Any = None
        for record in self._records(stream, self._start(stream, window)):
            if not isinstance(record, dict):
                self.reject(stream, "no JSON object", str(record))
                continue
            value = record.get(cursor) if cursor else None
            if window.since and isinstance(value, str) and not _is_within(value, window):
                continue
            if value is not None:
                newest = value if newest is None else max(newest, value)
            held.append(record)
            if len(held) == BATCH:
                yield records_to_batch(held)
                held = []
        if held:
            yield records_to_batch(held)
        if newest is not None and stream.mode == "bookmarked":
            self.note(stream, CURSOR, str(newest))

    def examine(self) -> Iterator[Finding]:
        for stream in self.streams:
            assert isinstance(stream, DeclaredStream)
            next(self._records(stream, stream.land.initial), None)
            yield Finding("reach", "ok", f"{stream.resource} answers")
            return

    def _start(self, stream: DeclaredStream, window: Window) -> Any:
        """Where reading begins, as the API's parameter wants it."""
        if window.since:
            return window.since.strftime("%Y-%m-%dT%H:%M:%SZ")
        noted = self.bookmarks.get(stream.name, {}).get(CURSOR)
        if noted is None:
            return stream.land.initial
        after = int(noted) if isinstance(stream.land.initial, int) else noted
        self.overlap[stream.name] = after
        return after

    def _records(self, stream: DeclaredStream, start: Any) -> Iterator[Any]:
        """Page by page. Raises SourceError when the API refuses, stays out of reach, repeats a page or never ends."""
        import requests
        from dlt.common.exceptions import DltException
        from dlt.sources.rest_api import rest_api_resources

        pages = Pages(f"{self.name}.{stream.name}")
        endpoint = dict(stream.land.endpoint)
        endpoint["params"] = {
            name: value.replace(START, str(start)) if isinstance(value, str) else value
            for name, value in (endpoint.get("params") or {}).items()
        }
        endpoint["response_actions"] = [*(endpoint.get("response_actions") or ()), pages.look]
        config: Any = {
            "client": client(self.credentials, self.options.get("client") or {}, self.backoff),
            "resources": [*stream.land.parents, {"name": stream.name, "endpoint": endpoint}],
        }
        try:
            for record in rest_api_resources(config)[-1]:
                pages.rows += 1
                yield record
        except requests.RequestException as error:
            raise SourceError(self._refusal(stream, error)) from None
        except DltException as error:
            if isinstance(cause := error.__cause__, SourceError):
                raise cause from None
            if isinstance(cause, requests.RequestException):
                raise SourceError(self._refusal(stream, cause)) from None
            raise SourceError(f"{self.name}.{stream.name}: {error}. Mend `land` of the table.") from None

    def _refusal(self, stream: DeclaredStream, error: "requests.RequestException") -> str:
        """The API's own words, without the address: a key may be in it."""
        where, connection = f"{self.name}.{stream.name}", f'connection "{self.credentials.name}"'
        if error.response is None:
            return f"{where}: no answer ({type(error).__name__}). Check the host of {connection} and the network."
        said = error.response.text.strip()[:300]
        if self.credentials.password:
            said = said.replace(self.credentials.password, "***")
        return (
            f"{where}: refused with {error.response.status_code}: {said}. Check {connection} and `land` of the table."
        )


class Pages:
    """Watches the answers go by: an API that repeats itself, or goes on without a record, would never end."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.rows = 0
        self._last, self._same = b"", 0
        self._rows_before, self._empty = 0, 0

    def look(self, response: Any, *_: Any, **__: Any) -> None:
        """dlt's `response_actions` call it with every answer, before its records come. Raises SourceError."""
        import hashlib

        if not response.ok:
            return
        digest = hashlib.sha256(response.content).digest()
        self._same = self._same + 1 if digest == self._last else 1
        self._empty = self._empty + 1 if self.rows == self._rows_before else 0
        self._last, self._rows_before = digest, self.rows
        if self._same == MOST_SAME:
            raise SourceError(f"{self.where}: the API repeats a page. Nothing was landed; mend its `paginator`.")
        if self._empty > EMPTY_PAGES:
            raise SourceError(f"{self.where}: the API never ends. Nothing was landed; mend its `paginator`.")


def _is_within(text: str, window: Window) -> bool:
    """Whether a time as text is in the window; one that is no time is: nothing is dropped in silence."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return True
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (window.since is None or window.since <= moment) and moment < window.until
