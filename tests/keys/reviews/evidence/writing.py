"""An audit that has ended, and its evidence."""

from __future__ import annotations

from keys.credentials.peppers import Peppers
from keys.reviews.evidence import export, files, signing
from keys.reviews.evidence.files import EvidenceVerification
from storage import reading
from tests.keys.conftest import BOB, Domain
from tests.keys.reviews.reviewing import ask_owner, begin, keep, look
from tests.keys.rotation.test_rotations import rotate

PEPPERS = Peppers({1: b"p" * 32})
TRUSTED = set(signing.public_keys(PEPPERS).values())


def written(domain: Domain, id_: str) -> str:
    with reading(domain.engine, domain.account) as session:
        return export.serialize(session, id_, PEPPERS)


def audited(domain: Domain) -> str:
    """An audit that has ended, with decisions of every kind."""
    kept, _ = domain.issue("Kept “ü”")
    turned, _ = domain.issue("Turned", owner=BOB.id)
    ended, _ = domain.issue("=Ended")
    id_ = begin(domain)
    ask_owner(domain, id_, turned.id)
    keep(domain, id_, kept.id, reason="Billing needs it")
    rotate(domain, turned.id)
    domain.rename(turned.id, "Turned and renamed")
    domain.revoke(ended.id)
    look(domain, id_)
    return id_


def verdict(text: str) -> EvidenceVerification:
    return files.verify(files.read(text), TRUSTED)
