"""SOAP: Retrieve, with filters, a page at a time.

https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/retrieving_bounce_event_details.html (an envelope)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/continuerequest_2500records.html (2,500 a page)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/incoming_date_normalization.html (time zones)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/resolving_retrieve_call_errors.html

The pages do not say whether a page can be asked for twice. Here it cannot: one RequestID for all pages of a retrieve,
each ContinueRequest moves it on, so a client that loses an answer and asks again misses a page. The words of faults
and errors are those users report.
"""

import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sandbox.context import Here, Sandbox
from sandbox.marketing_cloud.tracking import OBJECTS, select, server_time

PAGE = 2_500
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FUEL, API = "http://exacttarget.com", "http://exacttarget.com/wsdl/partnerAPI"
SERVER_ZONE = timezone(timedelta(hours=-6))
OPERATORS = {
    "equals": "=",
    "notEquals": "<>",
    "greaterThan": ">",
    "lessThan": "<",
    "greaterThanOrEqual": ">=",
    "lessThanOrEqual": "<=",
    "IN": "IN",
}
LOGIC = {"AND", "OR"}

router = APIRouter(prefix="/marketing_cloud/soap")


class SoapFault(Exception):
    """A refusal of the whole message."""


class RetrieveError(Exception):
    """A retrieve that is answered with OverallStatus `Error: ...`."""


class Retrieves:
    """Retrieves with pages left: RequestID -> object, properties, rows to come, page size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[str, list[str], list[tuple[Any, ...]], int]] = {}

    def begin(self, kind: str, properties: list[str], rows: list[tuple[Any, ...]], size: int) -> str:
        made = str(uuid.uuid4())
        with self._lock:
            self._open[made] = (kind, properties, rows, size)
        return made

    def turn(self, request_id: str) -> tuple[str, list[str], list[tuple[Any, ...]], bool]:
        """The next page, and whether more are left."""
        with self._lock:
            if request_id not in self._open:
                raise RetrieveError("Error: The ContinueRequest is not known, or has no data left.")
            kind, properties, rows, size = self._open.pop(request_id)
            if rows[size:]:
                self._open[request_id] = (kind, properties, rows[size:], size)
            return kind, properties, rows[:size], bool(rows[size:])


@router.post("/Service.asmx")
async def service(request: Request, sandbox: Here) -> Response:
    try:
        asked = _asked(await request.body(), request, sandbox)
    except SoapFault as fault:
        return _answer(_fault(str(fault)), 500)
    try:
        return _answer(_retrieve(asked, request.app.state.retrieves, sandbox))
    except RetrieveError as error:
        return _answer(_response(str(error), "", []))


def _asked(body: bytes, request: Request, sandbox: Sandbox) -> Element:
    """The RetrieveRequest of a message. Raises SoapFault when it is none, or has no good token."""
    if request.headers.get("soapaction", "").strip('"') != "Retrieve":
        raise SoapFault("soap:Client|The sandbox serves SOAPAction Retrieve only")
    try:
        envelope = fromstring(body)  # noqa: S314  the sandbox's own clients, on loopback
    except ParseError as error:
        raise SoapFault(f"soap:Client|The message is not XML: {error}") from error
    token = envelope.findtext(f"{{{SOAP}}}Header/{{{FUEL}}}fueloauth", "").strip()
    if not token:
        raise SoapFault("q0:Security|Login Failed")
    if not sandbox.tokens.valid("marketing_cloud", token):
        raise SoapFault("q0:Security|Token Expired")
    if envelope.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}Action") != "Retrieve":
        raise SoapFault("soap:Client|The header names no Action")
    asked = envelope.find(f"{{{SOAP}}}Body/{{{API}}}RetrieveRequestMsg/{{{API}}}RetrieveRequest")
    if asked is None:
        raise SoapFault("soap:Client|The body holds no RetrieveRequest")
    return asked


def _retrieve(asked: Element, retrieves: Retrieves, sandbox: Sandbox) -> Element:
    if request_id := asked.findtext(f"{{{API}}}ContinueRequest"):
        if len(asked) != 1:
            raise RetrieveError("Error: A ContinueRequest stands alone.")
    else:
        request_id = retrieves.begin(*_rows(asked, sandbox))
    kind, properties, rows, has_more = retrieves.turn(request_id)
    shown = [_shown(kind, properties, row) for row in rows]
    return _response("MoreDataAvailable" if has_more else "OK", request_id, shown)


def _rows(asked: Element, sandbox: Sandbox) -> tuple[str, list[str], list[tuple[Any, ...]], int]:
    if unknown := {_local(part) for part in asked} - {"ObjectType", "Properties", "Filter", "Options"}:
        raise RetrieveError(f"Error: The sandbox does not know {', '.join(sorted(unknown))}.")
    kind = asked.findtext(f"{{{API}}}ObjectType", "")
    if kind not in OBJECTS:
        raise RetrieveError(f"Error: Object Type {kind} is not retrievable.")
    properties = [part.text or "" for part in asked.findall(f"{{{API}}}Properties")]
    _check_properties(kind, properties)
    size = int(asked.findtext(f"{{{API}}}Options/{{{API}}}BatchSize", str(PAGE)))
    if not properties or not 1 <= size <= PAGE:
        raise RetrieveError(f"Error: Properties are required, and BatchSize is 1 to {PAGE}.")
    parameters: dict[str, Any] = {"now": sandbox.now()}
    part = asked.find(f"{{{API}}}Filter")
    condition = "true" if part is None else _condition(kind, part, parameters)
    return (
        kind,
        properties,
        sandbox.world.cursor().execute(select(kind, properties, condition), parameters).fetchall(),
        size,
    )


def _check_properties(kind: str, properties: list[str]) -> None:
    if unknown := [name for name in properties if name not in OBJECTS[kind].properties]:
        named = ", ".join(unknown)
        raise RetrieveError(f"Error: The Request Property(s) {named} do not match with the fields of {kind} retrieve")


def _condition(kind: str, part: Element, parameters: dict[str, Any]) -> str:
    """A filter as SQL; its values go to `parameters`."""
    form = part.get(f"{{{XSI}}}type", "").rpartition(":")[2]
    if form == "ComplexFilterPart":
        logic = part.findtext(f"{{{API}}}LogicalOperator", "")
        left, right = part.find(f"{{{API}}}LeftOperand"), part.find(f"{{{API}}}RightOperand")
        if logic not in LOGIC or left is None or right is None:
            raise RetrieveError("Error: A ComplexFilterPart has two operands and a LogicalOperator.")
        return f"({_condition(kind, left, parameters)} {logic} {_condition(kind, right, parameters)})"
    if form != "SimpleFilterPart":
        raise RetrieveError(f"Error: Unknown filter of type {form or 'FilterPart'} encountered")
    name, operator = part.findtext(f"{{{API}}}Property", ""), part.findtext(f"{{{API}}}SimpleOperator", "")
    values = [value.text or "" for value in part.findall(f"{{{API}}}Value")]
    _check_properties(kind, [name])
    if operator not in OPERATORS or not values or (operator != "IN" and len(values) > 1):
        raise RetrieveError(f"Error: Invalid argument for the {operator} operator.")
    typed = [_moment(value) if name in OBJECTS[kind].dates else value for value in values]
    bound = []
    for value in typed:
        bound.append(f"$value{len(parameters)}")
        parameters[f"value{len(parameters)}"] = value
    return f'"{name}" {OPERATORS[operator]} ({", ".join(bound)})'


def _moment(value: str) -> datetime:
    """In UTC; a time without a zone is in the server's."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise RetrieveError(f"Error: {value} is not a date.") from error
    return moment.replace(tzinfo=moment.tzinfo or SERVER_ZONE).astimezone(UTC).replace(tzinfo=None)


def _shown(kind: str, properties: list[str], row: tuple[Any, ...]) -> Element:
    is_extension = OBJECTS[kind].is_extension
    shown = Element(f"{{{API}}}Results", {f"{{{XSI}}}type": "ObjectExtension" if is_extension else kind})
    SubElement(shown, f"{{{API}}}PartnerKey", {f"{{{XSI}}}nil": "true"})
    SubElement(shown, f"{{{API}}}ObjectID", {f"{{{XSI}}}nil": "true"})
    if is_extension:
        SubElement(shown, f"{{{API}}}Type").text = kind
        inside = SubElement(shown, f"{{{API}}}Properties")
    for name, value in zip(properties, row, strict=True):
        if value is None:
            continue
        text = server_time(value) if isinstance(value, datetime) else str(value)
        if is_extension:
            pair = SubElement(inside, f"{{{API}}}Property")
            SubElement(pair, f"{{{API}}}Name").text = name
            SubElement(pair, f"{{{API}}}Value").text = text
        else:
            SubElement(shown, f"{{{API}}}{name}").text = text
    return shown


def _response(status: str, request_id: str, results: list[Element]) -> Element:
    message = Element(f"{{{API}}}RetrieveResponseMsg")
    SubElement(message, f"{{{API}}}OverallStatus").text = status
    SubElement(message, f"{{{API}}}RequestID").text = request_id or str(uuid.uuid4())
    message.extend(results)
    return message


def _fault(told: str) -> Element:
    code, _, words = told.partition("|")
    fault = Element(f"{{{SOAP}}}Fault")
    SubElement(fault, "faultcode").text = code
    SubElement(fault, "faultstring").text = words
    return fault


def _answer(content: Element, status: int = 200) -> Response:
    envelope = Element(f"{{{SOAP}}}Envelope")
    SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return Response(tostring(envelope), status, media_type="text/xml; charset=utf-8")


def _local(part: Element) -> str:
    return part.tag.rpartition("}")[2]
