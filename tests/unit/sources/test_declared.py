"""Entries of `_sources.yml`: what they say of how a table is landed, and what is wrong with those that say nonsense."""

from pathlib import Path

import pytest

from cohorte.credentials import Credentials
from cohorte.landing import catalog
from cohorte.settings import Settings
from cohorte.sources import declared, salesforce

ENTRY = """
sources:
  - name: shops
    config: {meta: {land: %s}}
    tables:
      - {name: store, identifier: shops__store, config: {meta: {land: %s}}}
"""


def declare(folder: Path, source: str, table: str) -> declared.Declaration:
    (folder / "_sources.yml").write_text(ENTRY % (source, table))
    return declared.read(folder)["shops"]


def test_an_entry_becomes_a_source(tmp_path: Path) -> None:
    found = declare(
        tmp_path, "{kind: sql, connection: erp}", "{table: stores, cursor: id, key: [id], contract: freeze}"
    )
    assert (found.connection, found.is_ours) == ("erp", True)
    source = found.open(Credentials(name="erp"))
    assert source.name == "shops"
    (stream,) = source.streams
    assert (stream.name, stream.key, stream.contract, stream.mode) == ("store", ("id",), "freeze", "bookmarked")


@pytest.mark.parametrize(
    ("source", "table", "says"),
    [
        ("{kind: ftp}", "{}", "source shops: land.kind is one of files, sql, rest, not 'ftp'"),
        ("{kind: files}", "{}", "shops.store: land: path: Field required"),
        ("{kind: files}", "{path: '*', pth: x}", "shops.store: land: pth: Extra inputs are not permitted"),
        ("{kind: sql}", "{table: stores}", "shops.store: land: .*an incremental table needs a `cursor`"),
        ("{kind: rest}", "{endpoint: {path: x}, contract: loose}", "shops.store: land: contract: .*'evolve'"),
    ],
)
def test_a_wrong_entry_names_the_file_the_table_and_the_word(
    tmp_path: Path, source: str, table: str, says: str
) -> None:
    with pytest.raises(ValueError, match=f"_sources.yml: {says}"):
        declare(tmp_path, source, table).streams()


def test_the_tables_of_a_platform_may_promise_more(tmp_path: Path) -> None:
    (tmp_path / "_sources.yml").write_text(
        "sources: [{name: salesforce, tables: [{name: order, identifier: salesforce__order, "
        "config: {meta: {land: {contract: quarantine, is_never_empty: true}}}}]}]"
    )
    found = declared.read(tmp_path)["salesforce"]
    assert not found.is_ours
    promised = {stream.name: found.promised(stream) for stream in salesforce.Salesforce.streams}
    assert (promised["order"].contract, promised["order"].is_never_empty) == ("quarantine", True)
    assert promised["contact"] == next(s for s in salesforce.Salesforce.streams if s.name == "contact")


def test_an_installation_names_the_sources_it_uses() -> None:
    assert catalog.names(Settings(sources="meta, salesforce")) == ("salesforce", "meta")
    with pytest.raises(ValueError, match="COHORTE_SOURCES names sap; there are salesforce, "):
        catalog.names(Settings(sources="meta,sap"))


def test_a_stranger_is_told_who_there_is() -> None:
    with pytest.raises(ValueError, match="there is no source 'sap'; there are salesforce, "):
        catalog.open_source("sap", Credentials(name="x"), Settings())
