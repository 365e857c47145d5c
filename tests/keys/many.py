"""Many keys at once, written as rows: for what has to work with thousands."""

from __future__ import annotations

from sqlalchemy import insert

from keys.base.models import State
from keys.lifecycle.rows import search_text
from storage import writing
from storage.tables import Key, Secret
from tests.keys.conftest import ALICE, Domain


def many_keys(domain: Domain, count: int) -> None:
    """Makes so many keys that work, of fifty owners."""
    now = domain.clock.now()
    keys, secrets = [], []
    for number in range(count):
        id_, hint = f"key_many{number:08}", f"ak_{number:04}…{number:04}"
        name = f"Integration {number:05}, production"
        keys.append(
            {
                "id": id_,
                "account_id": domain.account,
                "state": State.ACTIVE,
                "name": name,
                "name_folded": name.casefold(),
                "search": search_text(name, "", hint, id_),
                "scopes": "read",
                "owner": f"U0OWNER{number % 50:02}",
                "creator": str(ALICE),
                "note": "",
                "idempotency_key": f"req_many{number}",
                "created_at": now,
                "activated_at": now,
                "revoked_reason": "",
            }
        )
        secrets.append(
            {
                "id": f"sec_many{number:08}",
                "account_id": domain.account,
                "key_id": id_,
                "public_id": f"{number:012}",
                "digest": b"d" * 32,
                "pepper_version": 1,
                "hint": hint,
                "created_at": now,
            }
        )
    with writing(domain.engine) as session:
        session.execute(insert(Key), keys)
        session.execute(insert(Secret), secrets)
