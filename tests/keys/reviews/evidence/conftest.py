"""The evidence of one finished audit, written once for a module."""

from __future__ import annotations

import pytest

from tests.keys.conftest import open_test_application
from tests.keys.reviews.evidence.writing import audited, written


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    domain = open_test_application(tmp_path_factory.mktemp("evidence"))
    try:
        return written(domain, audited(domain))
    finally:
        domain.close()
