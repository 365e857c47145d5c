"""What each command may import: what it does not need, nobody waits for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import TABLE
from tests.cli.commands.shell import Shell

ROOT = Path(__file__).parents[2]
# Help, completion and a usage error: click, and what the choices are.
WORDS = {"cli", "click", "cython_runtime", "keys", "runtime"}
# Whatever opens the database.
DATABASE = WORDS | {
    "annotated_types", "dotenv", "pydantic", "pydantic_core", "pydantic_settings", "rapidfuzz",
    "settings", "sqlalchemy", "sqlmodel", "storage", "typing_extensions", "typing_inspection",
}  # fmt: skip
PROBE = """
import json, sys
before = set(sys.modules)
sys.argv = ["apikeys", *{words!r}]
from cli.main import main
try:
    main()
except SystemExit:
    pass
tops = {{name.split(".")[0] for name in set(sys.modules) - before}} - set(sys.stdlib_module_names)
print(json.dumps(sorted(name for name in tops if not name.startswith("_"))), file=sys.stderr)
"""


def imported(folder: Path, *words: str) -> set[str]:
    """The packages that a command imports, beside Python's own."""
    return _run(folder, PROBE.format(words=list(words)))


def _run(folder: Path, program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "words", [["--help"], *([name, "--help"] for name in sorted(TABLE)), ["keys", "revoke"], ["no"]]
)
def test_help_and_usage_errors_import_next_to_nothing(tmp_path: Path, words: list[str]) -> None:
    assert imported(tmp_path, *words) <= WORDS


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator's folder with a database: making one takes Alembic."""
    folder = tmp_path_factory.mktemp("operator")
    assert Shell(folder).run("keys", "list").returncode == 0
    return folder


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["keys", "list"], set()),
        (["keys", "show", "x"], set()),
        # Evidence is signed.
        (["audit", "status"], {"cryptography"}),
    ],
)
def test_what_opens_the_database_imports_no_more_than_that(
    migrated: Path, words: list[str], more: set[str]
) -> None:
    assert imported(migrated, *words) <= DATABASE | more


def test_a_gateway_alone_imports_neither_slack_nor_charts_nor_the_practice_slack(
    tmp_path: Path,
) -> None:
    program = (
        "import json, sys, cli.actions.run, cli.bootstrap.application, cli.bootstrap.gateway\n"
        "tops = sorted({name.split('.')[0] for name in sys.modules})\n"
        "print(json.dumps(tops), file=sys.stderr)"
    )
    found = _run(tmp_path, program)
    unwanted = {"alembic", "bot", "matplotlib", "nicegui", "sandbox", "slack_bolt", "slack_sdk"}
    assert "gateway" in found
    assert not found & (unwanted | {"yaml"})


def test_every_command_has_its_line_in_the_help() -> None:
    for name, (_, _, line) in TABLE.items():
        assert line.endswith("."), name
        assert len(line) <= 60, name
