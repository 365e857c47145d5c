"""Converting keys' rows to values."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from keys.base.actors import Actor
from keys.base.models import KeyView, State
from storage.tables import Key, Secret, SecretUse

_Used = tuple[Secret, SecretUse | None]


def views(session: Session, keys: Sequence[Key]) -> list[KeyView]:
    """Return keys as values, in the same order, with the hint and last use of their secrets."""
    secrets: dict[str, list[_Used]] = {key.id: [] for key in keys}
    found = (
        select(Secret, SecretUse)
        .join(SecretUse, col(SecretUse.secret_id) == col(Secret.id), isouter=True)
        .where(col(Secret.key_id).in_(secrets))
        .order_by(col(Secret.created_at))
    )
    for secret, use in session.exec(found):
        secrets[secret.key_id].append((secret, use))
    return [_view(key, secrets[key.id]) for key in keys]


def view(session: Session, key: Key) -> KeyView:
    """Return one key as a value."""
    return views(session, [key])[0]


def _view(key: Key, secrets: list[_Used]) -> KeyView:
    newest = next((one for one, _ in reversed(secrets) if not one.pending), secrets[-1][0])
    last = max((use for _, use in secrets if use), key=lambda use: use.last_used_at, default=None)
    return KeyView(
        id=key.id,
        account_id=key.account_id,
        state=State(key.state),
        name=key.name,
        hint=newest.hint,
        scopes=tuple(key.scopes.split()),
        owner=key.owner,
        creator=Actor.read(key.creator),
        note=key.note,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=last.last_used_at if last else None,
        last_used_from=last.last_used_from if last else None,
        revoked_at=key.revoked_at,
        revoked_by=Actor.read(key.revoked_by) if key.revoked_by else None,
        revoked_reason=key.revoked_reason,
        rate_limit=key.rate_limit,
        networks=tuple(key.networks.split()),
        backup_owner=key.backup_owner,
        expiry_accepted_by=Actor.read(key.expiry_accepted_by) if key.expiry_accepted_by else None,
        activated_at=key.activated_at,
        imported=any(secret.imported for secret, _ in secrets),
    )
