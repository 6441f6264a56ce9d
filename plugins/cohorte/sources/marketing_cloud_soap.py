"""Marketing Cloud's SOAP messages: a token inside every envelope, and what comes back as plain records.

https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/access-token-s2s.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/retrieving_bounce_event_details.html (an envelope)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/incoming_date_normalization.html (time zones)
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import httpx

from cohorte.credentials import Credentials
from cohorte.sources.base import SourceError

SERVER_ZONE = timezone(timedelta(hours=-6))
"""Answers are in the server's time and do not say so: UTC-6, also in summer."""
API = "{http://exacttarget.com/wsdl/partnerAPI}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">Retrieve</a:Action><a:To s:mustUnderstand="1">{to}</a:To>
<fueloauth xmlns="http://exacttarget.com">{token}</fueloauth></s:Header>
<s:Body><RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><RetrieveRequest>{request}</RetrieveRequest>
</RetrieveRequestMsg></s:Body></s:Envelope>"""


class SoapAuth(httpx.Auth):
    """Puts a request into an envelope with a token; asks for another token when Marketing Cloud refuses that one.

    Tokens last 18 minutes, and Marketing Cloud wants to be asked for one no oftener than it needs be.
    """

    requires_response_body = True

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.secrets: list[str] = []
        """Takes every token: a fault may repeat the one it refuses."""
        self._token = ""
        self._url = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._token:
            self._take((yield self._token_request()))
        response = yield self._enveloped(request)
        if is_unauthenticated(response):
            self._take((yield self._token_request()))
            yield self._enveloped(request)

    def _token_request(self) -> httpx.Request:
        return httpx.Request("POST", f"{auth_url(self.credentials)}/v2/token", json=token_form(self.credentials))

    def _enveloped(self, request: httpx.Request) -> httpx.Request:
        content = ENVELOPE.format(to=escape(self._url), token=escape(self._token), request=request.content.decode())
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "Retrieve"}
        return httpx.Request(
            "POST", self._url, headers=headers, content=content.encode(), extensions=request.extensions
        )

    def _take(self, response: httpx.Response) -> None:
        """Raises SourceError when the token is refused, httpx.HTTPStatusError when it may be had later."""
        if response.status_code in (400, 401, 403):
            said = response.json() if "json" in response.headers.get("content-type", "") else {}
            raise SourceError(
                f"marketing_cloud: token refused ({said.get('error', response.status_code)}: "
                f'{said.get("error_description", "no reason given")}). Check connection "{self.credentials.name}".'
            )
        told = response.raise_for_status().json()
        self._token = str(told["access_token"])
        self._url = f"{str(told['soap_instance_url']).rstrip('/')}/Service.asmx"
        self.secrets.append(self._token)


def token_form(credentials: Credentials) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.login,
        "client_secret": credentials.password,
    }
    account = credentials.extra.get("account_id")
    return form | ({"account_id": str(account)} if account else {})


def auth_url(credentials: Credentials) -> str:
    """Where tokens are given out. Raises SourceError when the connection does not say."""
    if not credentials.host:
        raise SourceError(
            f'marketing_cloud: connection "{credentials.name}" has no host. Set it to the Authentication Base URI of '
            "the installed package, e.g. https://subdomain.auth.marketingcloudapis.com"
        )
    return (credentials.host if "://" in credentials.host else f"https://{credentials.host}").rstrip("/")


def is_unauthenticated(response: httpx.Response) -> bool:
    """SOAP says so with a fault, which comes as a 500; the gateway before it with a 401."""
    return response.status_code == 401 or (response.status_code == 500 and b":Security</faultcode>" in response.content)


def retrieve(kind: str, properties: Sequence[str], condition: str, size: int) -> str:
    """A request for an object's properties, in pages of `size`."""
    wanted = "".join(f"<Properties>{name}</Properties>" for name in properties)
    options = f"<Options><BatchSize>{size}</BatchSize></Options>"
    return f"{options}<ObjectType>{kind}</ObjectType>{wanted}{condition}"


def within(name: str, since: datetime | None, until: datetime) -> str:
    """The filter for a date from `since` up to, not with, `until`."""
    before = _simple(name, "lessThan", [_text(until)])
    if since is None:
        return f'<Filter xsi:type="SimpleFilterPart">{before}</Filter>'
    after = _simple(name, "greaterThanOrEqual", [_text(since)])
    return (
        f'<Filter xsi:type="ComplexFilterPart"><LeftOperand xsi:type="SimpleFilterPart">{after}</LeftOperand>'
        f"<LogicalOperator>AND</LogicalOperator>"
        f'<RightOperand xsi:type="SimpleFilterPart">{before}</RightOperand></Filter>'
    )


def among(name: str, values: Sequence[str]) -> str:
    """The filter for one of several values."""
    operator = "IN" if len(values) > 1 else "equals"
    return f'<Filter xsi:type="SimpleFilterPart">{_simple(name, operator, values)}</Filter>'


def records(message: Element) -> Iterator[tuple[str, dict[str, str]]]:
    """Kind and properties of each result; those without a value are absent."""
    for result in message.findall(f"{API}Results"):
        kind = result.get(KIND, "").rpartition(":")[2]
        if kind == "ObjectExtension":
            pairs = result.findall(f"{API}Properties/{API}Property")
            values = {pair.findtext(f"{API}Name", ""): pair.findtext(f"{API}Value") for pair in pairs}
            yield result.findtext(f"{API}Type") or kind, {name: value for name, value in values.items() if value}
        else:
            yield kind, {part.tag.removeprefix(API): part.text for part in result if part.text and not part.get(NIL)}


def moment(value: str) -> datetime:
    """A time as Marketing Cloud writes it, in UTC. Raises ValueError."""
    read = datetime.fromisoformat(value)
    return read.replace(tzinfo=read.tzinfo or SERVER_ZONE).astimezone(UTC)


def _simple(name: str, operator: str, values: Sequence[str]) -> str:
    listed = "".join(f"<Value>{escape(value)}</Value>" for value in values)
    return f"<Property>{name}</Property><SimpleOperator>{operator}</SimpleOperator>{listed}"


def _text(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
