"""The triggers that stop programs of the version before, which know of no seals (storage.seals).

Every change that such a program makes has its entry in the audit log in the same transaction. The
entry would have no seal, so it fails with a sentence, and all of the change with it. Replacing the
digest of an imported key is the one change without an entry. Whatever else such a program does,
it continues to do, verifying keys above all.

They are no protection against a person, who may often drop triggers too.
"""

from __future__ import annotations

_WHY = (
    "this has to be sealed, and what tried to write it knows of no seals: "
    "it is a program of an older version, so upgrade it"
)

_SQLITE = f"""
CREATE TRIGGER {{name}} BEFORE {{event}} ON {{table}} WHEN {{condition}}
BEGIN SELECT RAISE(ABORT, '{_WHY}'); END
"""
_POSTGRESQL_FUNCTION = f"""
CREATE FUNCTION has_to_be_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_WHY}'; END $$;
"""
_POSTGRESQL = """
CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition})
EXECUTE FUNCTION has_to_be_sealed();
"""
_SAME_SEAL = {
    "sqlite": "NEW.seal IS OLD.seal",
    "postgresql": "NEW.seal IS NOT DISTINCT FROM OLD.seal",
}


def seal_triggers(dialect: str) -> list[str]:
    """Return the statements that create the triggers, for `sqlite` or `postgresql`."""
    form = _POSTGRESQL if dialect == "postgresql" else _SQLITE
    replaced = f"OLD.algorithm <> 'hmac' AND NEW.algorithm = 'hmac' AND {_SAME_SEAL[dialect]}"
    made = [
        form.format(
            name="events_are_sealed", event="INSERT", table="events", condition="NEW.seal IS NULL"
        ),
        form.format(name="digests_are_sealed", event="UPDATE", table="secrets", condition=replaced),
    ]
    return [_POSTGRESQL_FUNCTION, *made] if dialect == "postgresql" else made
