"""The part of SOQL a bulk extraction needs, parsed strictly, translated to SQL.

    SELECT f1, f2 FROM Object [WHERE field op literal [AND ...]] [ORDER BY f [ASC|DESC], ...] [LIMIT n]

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm
Error codes: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.salesforce.schema import OBJECTS, Field, SObject

TOKEN = re.compile(
    r"""\s*(?:
        (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<operator><=|>=|!=|<|>|=)
      | (?P<comma>,)
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    )""",
    re.VERBOSE,
)
LITERAL_OF_TYPE = {"datetime": "datetime", "date": "date", "boolean": "word"} | dict.fromkeys(
    ("double", "currency", "percent", "int"), "number"
)


class SoqlError(ValueError):
    """A query Salesforce would refuse: `code` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Query:
    """A checked query, and its parts in DuckDB's SQL."""

    sobject: SObject
    fields: tuple[Field, ...]
    where: str
    values: tuple[object, ...]
    """What the `?` of `where` stand for."""
    tail: str
    """ORDER BY and LIMIT."""


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    column: int


class Parser:
    """Recursive descent over one query."""

    def __init__(self, soql: str) -> None:
        self.soql = soql
        self.tokens = list(_tokens(soql))
        self.at = 0

    def query(self) -> Query:
        self._keyword("SELECT")
        selected = [self._next("word")]
        while self._peek("comma"):
            self.at += 1
            selected.append(self._next("word"))
        self._keyword("FROM")
        entity = self._next("word")
        if entity.text.lower() not in OBJECTS:
            raise SoqlError("INVALID_TYPE", self._pointing(entity, f"sObject type '{entity.text}' is not supported."))
        sobject = OBJECTS[entity.text.lower()]
        fields = tuple(self._field(sobject, token) for token in selected)
        if len(set(fields)) < len(fields):
            twice = next(field.name for field in fields if fields.count(field) > 1)
            raise SoqlError("MALFORMED_QUERY", f"duplicate field selected: {twice}")
        conditions, values = [], []
        if self._accept("WHERE"):
            while True:
                condition, value = self._condition(sobject)
                conditions.append(condition)
                values.append(value)
                if not self._accept("AND"):
                    break
        tail = self._order(sobject) + self._limit()
        if self.at < len(self.tokens):
            raise self._unexpected(self.tokens[self.at])
        return Query(sobject, fields, " AND ".join(conditions) or "true", tuple(values), tail)

    def _condition(self, sobject: SObject) -> tuple[str, object]:
        field = self._field(sobject, self._next("word"))
        operator = self._next("operator").text
        literal = self._any()
        expected = LITERAL_OF_TYPE.get(field.type, "string")
        if literal.text.lower() == "null" and operator in ("=", "!="):
            return f'"{field.name}" IS {"" if operator == "=" else "NOT "}NULL AND ?', True
        if literal.kind != expected or (field.type == "boolean" and literal.text.lower() not in ("true", "false")):
            quoted = "not be enclosed in quotes" if literal.kind == "string" else f"not be {literal.text}"
            quoted = "be enclosed in quotes" if expected == "string" else quoted
            message = (
                f"value of filter criterion for field '{field.name}' must be of type {field.type} and should {quoted}"
            )
            raise SoqlError("INVALID_FIELD", self._pointing(literal, message))
        if field.type == "boolean" and operator not in ("=", "!="):
            raise SoqlError("INVALID_FIELD", self._pointing(literal, f"invalid operator on field {field.name}"))
        return f'"{field.name}" {operator} ?', _value(literal)

    def _order(self, sobject: SObject) -> str:
        if not self._accept("ORDER"):
            return ""
        self._keyword("BY")
        parts = []
        while True:
            field = self._field(sobject, self._next("word"))
            descending = self._accept("DESC") or (self._accept("ASC") and False)
            parts.append(f'"{field.name}" {"DESC NULLS LAST" if descending else "ASC NULLS FIRST"}')
            if not self._peek("comma"):
                return " ORDER BY " + ", ".join(parts)
            self.at += 1

    def _limit(self) -> str:
        return f" LIMIT {int(self._next('number').text)}" if self._accept("LIMIT") else ""

    def _field(self, sobject: SObject, token: Token) -> Field:
        found = sobject.fields.get(token.text.lower())
        if found is None:
            message = (
                f"No such column '{token.text}' on entity '{sobject.name}'. If you are attempting to use a custom "
                "field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the "
                "describe call for the appropriate names."
            )
            raise SoqlError("INVALID_FIELD", self._pointing(token, message))
        return found

    def _peek(self, kind: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].kind == kind

    def _any(self) -> Token:
        if self.at == len(self.tokens):
            raise SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
        self.at += 1
        return self.tokens[self.at - 1]

    def _next(self, kind: str) -> Token:
        token = self._any()
        if token.kind != kind:
            raise self._unexpected(token)
        return token

    def _accept(self, keyword: str) -> bool:
        if self._peek("word") and self.tokens[self.at].text.upper() == keyword:
            self.at += 1
            return True
        return False

    def _keyword(self, keyword: str) -> None:
        token = self._any()
        if token.text.upper() != keyword:
            raise self._unexpected(token)

    def _unexpected(self, token: Token) -> SoqlError:
        return SoqlError("MALFORMED_QUERY", self._pointing(token, f"unexpected token: '{token.text}'"))

    def _pointing(self, token: Token, message: str) -> str:
        around = self.soql[max(0, token.column - 30) : token.column + 30]
        arrow = " " * min(30, token.column) + "^"
        return f"\n{around}\n{arrow}\nERROR at Row:1:Column:{token.column + 1}\n{message}"


def parse(soql: str) -> Query:
    """A query, checked against the schema. Raises SoqlError."""
    return Parser(soql).query()


def _tokens(soql: str) -> list[Token]:
    found, at = [], 0
    end = len(soql.rstrip())
    while at < end:
        match = TOKEN.match(soql, at)
        if match is None:
            column = at + len(soql[at:]) - len(soql[at:].lstrip())
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{soql[column]}' at Row:1:Column:{column + 1}")
        assert match.lastgroup is not None
        found.append(Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        at = match.end()
    return found


def _value(token: Token) -> object:
    if token.kind == "datetime":
        return datetime.fromisoformat(token.text).astimezone(UTC).replace(tzinfo=None)
    if token.kind == "date":
        return datetime.fromisoformat(token.text).date()
    if token.kind == "number":
        return float(token.text)
    if token.kind == "word":
        return token.text.lower() == "true"
    return re.sub(r"\\(.)", r"\1", token.text[1:-1])
