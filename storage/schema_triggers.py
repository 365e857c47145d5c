"""The triggers that a database of the newest schema has, and what is different in a given one.

Gateways learn of a change from triggers, and others keep the audit log as it is. A person who can
write to the database may be able to add, replace or drop them as well. Each definition is known
here by its hash; tests/storage/test_schema_triggers.py prints those that a migration has changed.
"""

# ruff: noqa: S608 - statements are made of our own words
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import Connection, Engine, bindparam, text
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata
from storage.engine import reading
from storage.schema import is_ahead

EXPECTED: dict[str, dict[str, str]] = {
    "sqlite": {
        "trigger accounts_delete_is_a_change on accounts": "d3542eedcbe581c452bcf721b21f4b3f",
        "trigger accounts_update_is_a_change on accounts": "4ef1076a6fccb9183762cb078221888f",
        "trigger audit_keys_finished_no_delete on audit_keys": "59546be22c611cd27a08716e8217716c",
        "trigger audit_keys_finished_no_insert on audit_keys": "f520ac35ac075a7ef5b174bb4187ac85",
        "trigger audit_keys_finished_no_update on audit_keys": "291832de0e057b59f6613aeaf6356e1b",
        "trigger audits_finished_no_delete on audits": "6ad10a1e23fea82c59ecc4b867c1b09c",
        "trigger audits_finished_no_replace on audits": "f504c6449e6dbe9bf717e965c6e7699e",
        "trigger audits_finished_no_update on audits": "bc62e71c7dc96c0b112bc7836f001f6a",
        "trigger digests_are_sealed on secrets": "1c5a9b682a3f03b8d021f04b8f2ffdb8",
        "trigger events_are_sealed on events": "6781829e06e437b8130a361b541fe38a",
        "trigger events_no_delete on events": "5f76966b733364c13cb72cd693a815cf",
        "trigger events_no_update on events": "7efb0f807d03ffa40672807af32c2ae6",
        "trigger keys_delete_is_a_change on keys": "c12be1ed411f008b8148b1f4a838e9fd",
        "trigger keys_update_is_a_change on keys": "d0c802db629ba9557337d4c770290c61",
        "trigger secrets_delete_is_a_change on secrets": "c08c4e7ef4f7dc530734e2ee335f38d1",
        "trigger secrets_insert_is_a_change on secrets": "b00f1d3ea986d54e43ec3f14d1340f12",
        "trigger secrets_update_is_a_change on secrets": "c57cd3dc139c59de906bcff20062cab6",
    },
    "postgresql": {
        "function accounts_delete_is_a_change": "334972dafe8b84a02978212ce0466f0b",
        "function accounts_update_is_a_change": "334972dafe8b84a02978212ce0466f0b",
        "function changes_are_told": "7aae1704a0bf2e43752a67177a0bccc3",
        "function events_refuse": "d9f4641f837df662e9ee07760980dd54",
        "function events_refuse_edits": "5b27d5dee3977a8540cb245bc180b0e7",
        "function finished_audit_keys_refuse": "abbb53555e2e8ae9d05f8fa83551df88",
        "function finished_audits_refuse": "f8eccf4d857b6a8ead315535dffe6a0c",
        "function has_to_be_sealed": "7978862a1eaff56a160e88b7859a4556",
        "function keys_delete_is_a_change": "6d112453ecd916c61e608c084c8ee762",
        "function keys_update_is_a_change": "01f60ad653966d0fc04cbc613bcbf4e8",
        "function secrets_delete_is_a_change": "357a1f4d846f25c2f41325c5fd13fcf4",
        "function secrets_insert_is_a_change": "cd524a28bd7fd64b088c05a0e7aacee3",
        "function secrets_update_is_a_change": "cd524a28bd7fd64b088c05a0e7aacee3",
        "function truncating_audits_refuse": "72154f253145c672289a64dfd59dc9e2",
        "function truncating_is_a_change": "51b073683f88f3d58e11744399f15423",
        "trigger accounts_delete_is_a_change on accounts": "6ff03a40a3cc60c02cea683b33e2b832",
        "trigger accounts_truncate_is_a_change on accounts": "0f3c335757db9c51fa07bc12ffe1cb43",
        "trigger accounts_update_is_a_change on accounts": "b67887d06bab96ec883696d80b797f1f",
        "trigger audit_keys_finished on audit_keys": "fede3dce86121d6b491905cceb840288",
        "trigger audit_keys_finished_no_truncate on audit_keys": "021a92aa06f292a3c0057c2e8614df99",
        "trigger audits_finished on audits": "6ece59ab595ff0318e64329ddf722fd4",
        "trigger audits_finished_no_delete on audits": "dc74fb7ac24579fb29ff84c5fbf7cb10",
        "trigger audits_finished_no_truncate on audits": "ac39a7267b18692960c5bc0cf4885c26",
        "trigger changes_are_told on changes": "fba3bcd8b03555235962f7fa8e41f165",
        "trigger digests_are_sealed on secrets": "9104345bf354b4f64ca0e6561e849a79",
        "trigger events_append_only on events": "4fb28c94311139aae8093e1c7f76b039",
        "trigger events_are_sealed on events": "81122f72fe1d64984c75b138979a9fbb",
        "trigger events_not_truncated on events": "c50ec013667af7560014f99ca905e94f",
        "trigger keys_delete_is_a_change on keys": "a04ac492b35894b0c20e0a6e25e8b7d7",
        "trigger keys_truncate_is_a_change on keys": "0fa485ec404864777c11d800dfe2e218",
        "trigger keys_update_is_a_change on keys": "e9afaafbd0ce8c9a6184562e8043074b",
        "trigger secrets_delete_is_a_change on secrets": "24ab21746dff9a60701d79241956c525",
        "trigger secrets_insert_is_a_change on secrets": "071fbc4e3a82f87f40ad47c191aa27c9",
        "trigger secrets_truncate_is_a_change on secrets": "01bbccf68de06de29afd6115813b9d0f",
        "trigger secrets_update_is_a_change on secrets": "dff2467f108fc0d76d87d112265fcc44",
    },
}
"""By dialect: each title with the hash of its definition."""

_SQLITE = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
# Tables are those that this program's statements reach, in whatever schema they are.
_OURS = "c.relname IN :tables AND pg_table_is_visible(c.oid)"
_POSTGRESQL_TRIGGERS = f"""
SELECT t.tgname, c.relname, c.relkind::text,
    replace(pg_get_triggerdef(t.oid), ' ON ' || quote_ident(n.nspname) || '.', ' ON '),
    t.tgenabled = 'O' AND current_setting('session_replication_role') <> 'replica'
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {_OURS}
"""
_POSTGRESQL_FUNCTIONS = f"""
SELECT DISTINCT p.proname, p.prosrc, l.lanname, p.prosecdef, p.proconfig::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
WHERE NOT t.tgisinternal AND {_OURS}
"""
_POSTGRESQL_RULES = f"""
SELECT r.rulename, c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE {_OURS}
"""


class Problem(Enum):
    """What is wrong with a trigger, a trigger's function or a rule."""

    ADDED = auto()
    CHANGED = auto()
    DISABLED = auto()
    REMOVED = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """A trigger, a trigger's function or a rule of a database.

    Attributes:
        title: its kind and name, and its table.
        digest: the hash of its definition.
    """

    title: str
    digest: str
    is_enabled: bool = True


def differences(engine: Engine) -> dict[str, Problem] | None:
    """Return what is not as the migrations have made it, by title; None if that is not known.

    It is not known for a database that a newer version of the program has migrated.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    with reading(engine) as session:
        found = list(triggers_of(session.connection()))
    # Asked afterwards: a migration may just have been committed.
    if is_ahead(engine):
        return None
    expected = EXPECTED[engine.dialect.name]
    there = {one.title for one in found}
    wrong = {one.title: problem for one in found if (problem := _problem(one, expected))}
    # A function that is not there, or that nothing calls, is that of a trigger that is not.
    missing = (one for one in expected if one not in there and not one.startswith("function "))
    return wrong | dict.fromkeys(missing, Problem.REMOVED)


def _problem(one: Found, expected: dict[str, str]) -> Problem | None:
    if one.title not in expected:
        # Of a function, the trigger that calls it is reported.
        return None if one.title.startswith("function ") else Problem.ADDED
    if one.digest != expected[one.title]:
        return Problem.CHANGED
    return None if one.is_enabled else Problem.DISABLED


def triggers_of(connection: Connection) -> Iterator[Found]:
    """Read the triggers of a database; on PostgreSQL their functions and all rules as well."""
    if connection.dialect.name == "sqlite":
        for name, table, sql in connection.execute(text(_SQLITE)):
            yield Found(f"trigger {name} on {table}", _digest(sql))
        return
    values = {"tables": [*SQLModel.metadata.tables, "alembic_version"]}

    def rows(query: str) -> Iterator[tuple[object, ...]]:
        asked = text(query).bindparams(bindparam("tables", expanding=True))
        yield from map(tuple, connection.execute(asked, values))

    for name, table, kind, definition, is_enabled in rows(_POSTGRESQL_TRIGGERS):
        title = f"trigger {name} on {table}"
        yield Found(title, _digest(definition, kind), bool(is_enabled))
    for name, *definition in rows(_POSTGRESQL_FUNCTIONS):
        yield Found(f"function {name}", _digest(*definition))
    for name, table in rows(_POSTGRESQL_RULES):
        yield Found(f"rule {name} on {table}", "")


def _digest(*definition: object) -> str:
    return hashlib.sha256(repr(definition).encode()).hexdigest()[:32]
