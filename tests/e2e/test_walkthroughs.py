"""What docs/running.md has people do, done: PostgreSQL's backup and back, a newer version, and a
file system that nobody may write to."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from alembic import command
from sqlalchemy import Engine, MetaData, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from storage import open_engine
from storage.schema import _config, revision
from tests.cli.commands.shell import COMMAND, Shell
from tests.e2e.harness.program import PEPPER, Program, asks, eventually, free_port
from tests.postgresql import Postgresql, binaries, may_mount

pytestmark = [pytest.mark.sockets, pytest.mark.timeout(300)]
BEFORE = "0008"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    folder = tmp_path / "shell"
    folder.mkdir()
    shell = Shell(folder)
    shell.settings["APIKEYS_PEPPER"] = PEPPER
    return shell


@contextmanager
def gateway(shell: Shell) -> Iterator[str]:
    """A gateway of this shell's installation; gives its address."""
    listen = f"127.0.0.1:{free_port()}"
    settings = shell.settings | {"APIKEYS_GATEWAY_LISTEN": listen}
    with Program(shell.folder, settings, only="gateway") as program:
        program.waits_until_it_says("The gateway listens")
        yield f"http://{listen}"
        program.stop()


# Backup, and back


@pytest.mark.skipif(
    not (binaries() / "pg_dump").exists() and shutil.which("pg_dump") is None,
    reason="no pg_dump: Debian's package postgresql-client brings it",
)
def test_postgresql_is_dumped_and_restored(shell: Shell) -> None:
    with Postgresql() as server:
        shell.settings["DATABASE_URL"] = server.create("keys")
        kept, lost = shell.new("Zapier, production"), shell.new("Grafana, staging")
        dump = str(shell.folder / "keys.dump")
        _runs("pg_dump", "--format=custom", f"--file={dump}", server.url("keys"))
        shell.run("keys", "revoke", "Grafana, staging", "--yes")

        shell.settings["DATABASE_URL"] = server.create("again")
        _runs("pg_restore", f"--dbname={server.url('again')}", dump)
        assert "Keys: 2 active, 0 revoked" in shell.run("status").stdout
        for secret in (kept, lost):
            assert secret.split("_")[2].encode() not in Path(dump).read_bytes()
        with gateway(shell) as address:
            # As the page says: what was revoked after the backup works again.
            assert (asks(address, kept), asks(address, lost)) == (204, 204)
            # The triggers came back too: a gateway hears of what is done now.
            assert shell.run("keys", "revoke", "Grafana, staging", "--yes").returncode == 0
            assert (asks(address, kept), asks(address, lost)) == (204, 401)


def _runs(program: str, *arguments: str) -> None:
    found = binaries() / program
    subprocess.run(
        [found if found.exists() else program, *arguments], check=True, capture_output=True
    )


# A newer version


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two databases of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'now.db'}", f"sqlite:///{tmp_path / 'before.db'}"
        return
    with Postgresql() as server:
        yield server.create("now"), server.create("before")


def test_an_installation_of_the_version_before_goes_on(shell: Shell, urls: tuple[str, str]) -> None:
    now, before = urls
    shell.settings["DATABASE_URL"] = now
    token = shell.new("Zapier, production")
    engine = open_engine(before)
    known = _as_before(open_engine(now), engine)
    shell.settings["DATABASE_URL"] = before
    # A version without seals has left none; with it, this machine would know the account.
    (shell.folder / ".apikeys" / "anchor.json").unlink()

    upgraded = shell.run("db", "upgrade").stdout
    assert f"went from revision {BEFORE} to" in upgraded
    assert re.search(r"\d+ rows were sealed\.", upgraded)
    # A program of the version before, which still runs, knows nothing of what was added.
    with engine.begin() as connection:
        events = known.tables["events"]
        last = connection.execute(select(events).order_by(events.c.id.desc())).mappings().first()
        assert last is not None
        row = {column.name: last[column.name] for column in events.c if column.name != "id"}
        late = insert(events).values(row | {"seq": last["seq"] + 1})
    refused = pytest.raises(DBAPIError, match="of an older version, so upgrade it")
    with refused, engine.begin() as connection:
        connection.execute(late)
    engine.dispose()
    with gateway(shell) as address:
        assert asks(address, token) == 204
        shell.run("keys", "revoke", "Zapier, production", "--yes")
        assert asks(address, token) == 401


def _migrate(engine: Engine, step: str) -> None:
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, step)


def _as_before(source: Engine, target: Engine) -> MetaData:
    """Fills a database of the version before with what is in a database of this one.

    Returns:
        The tables as a program of that version knows them.
    """
    _migrate(target, BEFORE)
    there = MetaData()
    there.reflect(target)
    rows = MetaData()
    rows.reflect(source)
    with source.connect() as old, target.begin() as new:
        for table in there.sorted_tables:
            if table.name in ("alembic_version", "changes"):
                continue
            columns = [rows.tables[table.name].c[column.name] for column in table.c]
            found = [dict(row) for row in old.execute(select(*columns)).mappings()]
            if found:
                new.execute(insert(table), found)
        if target.dialect.name == "postgresql":
            # Rows that come with their numbers do not move the counter.
            new.exec_driver_sql(
                "SELECT setval(pg_get_serial_sequence('events', 'id'), max(id)) FROM events"
            )
    source.dispose()
    return there


def test_no_migration_takes_anything_away_from_a_program_that_runs(database_url: str) -> None:
    """A program of the version before goes on writing and reading. The first two were made before
    anybody had such a program."""
    engine = open_engine(database_url)
    steps = [f"{number:04}" for number in range(1, int(revision(engine)[1] or 0) + 1)]
    before: dict[str, dict[str, bool]] = {}
    for step in steps:
        _migrate(engine, step)
        after = _columns(engine)
        if step <= "0002":
            before = {}
        for table, columns in before.items():
            assert table in after, f"{step} takes the table {table} away"
            assert set(columns) <= set(after[table]), f"{step} takes a column of {table} away"
            for name in set(after[table]) - set(columns):
                assert after[table][name], f"{step}: who does not know {table}.{name} cannot write"
        before = after
    engine.dispose()


def _columns(engine: Engine) -> dict[str, dict[str, bool]]:
    """Each table's columns, and whether a row can be written without knowing them."""
    looked = inspect(engine)
    return {
        table: {
            column["name"]: bool(column["nullable"] or column["default"] is not None)
            for column in looked.get_columns(table)
        }
        for table in looked.get_table_names()
    }


# Where nothing may be written


def test_it_needs_no_rights_and_one_folder(tmp_path: Path) -> None:
    """As the image and the unit have it: no capability, and a file system that is read-only but for
    the program's folder."""
    # Asked here: finding out means mounting something, which collecting tests should not do.
    if not may_mount() or shutil.which("setpriv") is None:
        pytest.skip("only root may try this")
    home, listen = tmp_path / "home", f"127.0.0.1:{free_port()}"
    home.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    inside = f"""
        set -e
        mount --rbind / {root}
        mount --bind {home} {root}/mnt
        mount -o remount,bind,ro {root}
        exec chroot {root} setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \\
            env --chdir=/mnt APIKEYS_HOME=/mnt APIKEYS_GATEWAY_LISTEN={listen} MPLCONFIGDIR=/mnt \\
            PYTHONDONTWRITEBYTECODE=1 {shlex.join(COMMAND)} run --only gateway
    """
    log = (tmp_path / "log").open("wb")
    with (
        log,
        subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", inside],
            stderr=log,
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        ) as process,
    ):
        try:
            eventually(
                lambda: process.poll() is not None or _ready(listen), "it is ready", within=30
            )
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert {path.name for path in home.iterdir()} >= {"apikeys.db", "pepper"}
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert "CapEff:\t0000000000000000" in status
        finally:
            process.terminate()


def _ready(listen: str) -> bool:
    try:
        return httpx.get(f"http://{listen}/readyz", timeout=1).status_code == 200
    except httpx.TransportError:
        return False
