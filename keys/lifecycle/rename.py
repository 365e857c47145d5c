"""Renaming a key."""

from __future__ import annotations

from keys.base.errors import KeyRevoked
from keys.base.models import KeyView, State
from keys.base.rows import view
from keys.changes.change import Change
from keys.inputs.names import fold
from keys.lifecycle.events import KeyRenamed
from keys.lifecycle.rows import claim_name, index_key


def rename_key(change: Change, key_id: str, name: str) -> KeyView:
    """Rename a key; its token stays the same.

    Raises:
        KeyNotFound, KeyRevoked, NameTaken: with a sentence for the user.
    """
    key = change.load(key_id)
    if key.state != State.ACTIVE:
        raise KeyRevoked(f"“{key.name}” was revoked, so it keeps its name.")
    if name == key.name:
        return view(change.session, key)
    claim_name(change.session, name, except_for=key_id)
    before, key.name, key.name_folded = key.name, name, fold(name)
    index_key(change, key)
    change.record(KeyRenamed(key, before))
    return view(change.session, key)
