"""The predicates of a segment's SELECT, one by one, with the values of one customer that met or missed them.

A SELECT is read as DuckDB keeps it in the segment's view, so a definition of the past is read from a past snapshot.
What a predicate builds on is explained the same way: another segment, a CTE, a subquery. Where a SELECT cannot be taken
apart (a window, a set operation, a join on something else than the customer) it is answered as a whole.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from cohorte.lake import Lake

if TYPE_CHECKING:
    from sqlglot import exp

SEGMENTS, PERSONAL = "segments", "pii"
HIDDEN = "(personal)"


@dataclass(frozen=True)
class Predicate:
    """One condition. `of`: the segment or relation it belongs to. `is_met`: None when a value is not known."""

    of: str
    text: str
    is_met: bool | None
    values: dict[str, Any] = field(default_factory=dict)


def explain(segment: str, model: str, customer: str, *, lake: Lake) -> list[Predicate]:
    """The predicates of a segment for one customer, what they build on before them.

    model: the view it is in, which may hold several segments.
    Raises ValueError when the lake has no such view.
    """
    reader = _Reader(customer, lake)
    query = reader.view(model)
    if query is None:
        raise ValueError(f"segments.{model} is not there: it was not built yet, or its file is gone")
    return list(reader.predicates(query, of=segment, only=None if model == f"seg_{segment}" else segment))


class _Reader:
    """Reads SELECTs for one customer."""

    def __init__(self, customer: str, lake: Lake) -> None:
        self.customer = customer
        self.lake = lake

    def view(self, name: str) -> "exp.Expr | None":
        """The SELECT of a view of the segments."""
        import sqlglot

        sql = self.lake.value(
            "select sql from duckdb_views() where database_name = 'lake' and schema_name = ? and view_name = ?",
            [SEGMENTS, name],
        )
        return None if sql is None else sqlglot.parse_one(sql, dialect="duckdb").expression

    def predicates(
        self,
        query: "exp.Expr",
        *,
        of: str,
        only: str | None = None,
        outer: "Mapping[str, exp.CTE] | None" = None,
    ) -> Iterator[Predicate]:
        """only: the one segment that counts, of a SELECT that answers several."""
        from sqlglot import exp

        query = cast("exp.Query", query.unnest())
        named = {**(outer or {}), **{cte.alias: cte for cte in query.ctes}}
        if isinstance(query, exp.Union):
            for number, side in enumerate((query.left, query.right), start=1):
                yield from self.predicates(side, of=f"{of}, either {number}", only=only, outer=named)
            return
        if not isinstance(query, exp.Select) or not _can_be_taken_apart(query):
            yield self._as_a_whole(query, of, named)
            return
        sources = [query.args["from_"].this, *(join.this for join in query.args.get("joins") or ())]
        conjuncts = [part.unnest() for part in _conjuncts(query.args.get("where"))]
        if only is not None:
            conjuncts.append(exp.EQ(this=_answered(query, "segment"), expression=exp.Literal.string(only)))
        for source in sources:
            if inner := self._inside(source, named):
                yield from self.predicates(inner, of=source.alias_or_name.removeprefix("seg_"), outer=named)
        yield from self._judged(query, sources, conjuncts, of, named)

    def _inside(self, source: "exp.Expr", named: "Mapping[str, exp.CTE]") -> "exp.Expr | None":
        """The SELECT behind a relation, where it is one of ours."""
        from sqlglot import exp

        if isinstance(source, exp.Subquery):
            return source.this
        if source.name in named and not source.args.get("db"):
            return named[source.name].this
        is_segment = source.args.get("db") and source.text("db") == SEGMENTS and source.name.startswith("seg_")
        return self.view(source.name) if is_segment else None

    def _judged(
        self,
        query: "exp.Select",
        sources: "list[exp.Expr]",
        conjuncts: "list[exp.Expr]",
        of: str,
        named: "Mapping[str, exp.CTE]",
    ) -> Iterator[Predicate]:
        """Whether the customer is in each relation, and each conjunct, of the row that comes nearest."""
        joined, needed = self._joined(query, sources)
        known = self.lake.connection.execute(f"{_with(named)} select * from {joined} limit 0").description or []
        columns = [_columns(part, {name for name, *_ in known}) for part in conjuncts]
        tests = [*needed.values(), *map(_sql, conjuncts)]
        shown = list(dict.fromkeys(_sql(column) for own in columns for column in own))
        nearest = " + ".join(f"coalesce(({test})::integer, 0)" for test in tests)
        (row,) = self.lake.rows(
            f"{_with(named)} select {', '.join(tests + shown)} from {joined} order by {nearest} desc limit 1"
        )
        values = dict(zip(shown, row[len(tests) :], strict=True))
        is_personal = any(source.text("db") == PERSONAL for source in sources)
        for number, is_in in zip(needed, row, strict=False):
            if not is_in or self._inside(sources[number], named):
                yield Predicate(of, f"in {sources[number].alias_or_name.removeprefix('seg_')}", is_in)
        for part, own, is_met in zip(conjuncts, columns, row[len(needed) : len(tests)], strict=True):
            seen = {column.name: HIDDEN if is_personal else values[_sql(column)] for column in own}
            yield Predicate(of, _text(part), is_met, seen)

    def _joined(self, query: "exp.Select", sources: "list[exp.Expr]") -> tuple[str, dict[int, str]]:
        """The relations beside the customer, who stays when one has no row; and what says that a needed one has."""
        customer = _quoted(self.customer)
        joined, needed = f"(select {customer} as customer_id) as asked", {}
        for number, (source, join) in enumerate(zip(sources, [None, *(query.args.get("joins") or [])], strict=True)):
            relation = source.copy()
            relation.set("alias", None)
            joined += f"""
                left join (select *, true as _is_in_{number} from {_sql(relation)} where customer_id = {customer})
                as {source.alias_or_name} using (customer_id)"""
            if join is None or join.side != "LEFT":
                needed[number] = f"coalesce(_is_in_{number}, false)"
        return joined, needed

    def _as_a_whole(self, query: "exp.Expr", of: str, named: "Mapping[str, exp.CTE]") -> Predicate:
        query = query.copy()
        query.set("with_", None)
        asked = f"from ({_sql(query)}) as answered where customer_id = {_quoted(self.customer)}"
        found = self.lake.value(f"{_with(named)} select count(*) > 0 {asked}")
        return Predicate(of, _text(query), found)


def _can_be_taken_apart(query: "exp.Select") -> bool:
    """No groups, no windows, no limit, and every join by the customer."""
    if not query.args.get("from_") or any(query.args.get(name) for name in ("group", "having", "qualify", "limit")):
        return False
    return all(_is_by_customer(join) for join in query.args.get("joins") or ())


def _is_by_customer(join: "exp.Join") -> bool:
    from sqlglot import exp

    if join.side not in ("", "LEFT") or join.kind not in ("", "INNER", "OUTER"):
        return False
    if using := join.args.get("using"):
        return [column.name for column in using] == ["customer_id"]
    on = join.args.get("on")
    on = on.unnest() if on else None
    sides = (on.left, on.right) if isinstance(on, exp.EQ) else ()
    return bool(sides) and all(isinstance(side, exp.Column) and side.name == "customer_id" for side in sides)


def _conjuncts(where: "exp.Expr | None") -> "Iterator[exp.Expr]":
    if where is not None:
        condition = where.this.unnest()
        yield from condition.flatten() if condition.key == "and" else (condition,)


def _columns(part: "exp.Expr", known: set[str]) -> "list[exp.Column]":
    """Columns of the relations that a predicate looks at; those of its subqueries are their own affair."""
    from sqlglot import exp

    home = part.find_ancestor(exp.Select)
    found = (column for column in part.find_all(exp.Column) if column.find_ancestor(exp.Select) is home)
    return list({_sql(c): c for c in found if c.name in known and c.name != "customer_id"}.values())


def _answered(query: "exp.Select", name: str) -> "exp.Expr":
    """What a SELECT answers under a name."""
    return next(column.unalias().copy() for column in query.selects if column.alias_or_name == name)


def _with(named: "Mapping[str, exp.CTE]") -> str:
    return f"with {', '.join(map(_sql, named.values()))}" if named else ""


def _sql(expression: "exp.Expr") -> str:
    return expression.sql(dialect="duckdb")


def _text(expression: "exp.Expr") -> str:
    """SQL to be read by people: as they would write it, on one line."""
    bare = re.sub(r'"([a-z_][a-z0-9_]*)"', r"\1", " ".join(_sql(expression).split()))
    return bare.replace("ARRAY_CONTAINS(", "list_contains(")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
