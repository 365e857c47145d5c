"""Files that only their owner may read, however they are written and whatever is in their place."""

from __future__ import annotations

import ast
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime import private_files
from runtime.private_files import NotPrivate

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """The umask of a user who lets everybody read and write everything."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def by_writing(path: Path) -> None:
    with private_files.writing(path) as file:
        file.write("secret\r\n")
        (draft,) = path.parent.glob(".*")
        assert mode(draft) == 0o600


def by_draft(path: Path) -> None:
    with private_files.draft_of(path) as draft:
        assert mode(draft) == 0o600
        draft.write_bytes(b"secret\r\n")


def by_creating(path: Path) -> None:
    assert private_files.create(path, "secret\r\n")


@pytest.mark.parametrize("write", [by_writing, by_draft, by_creating])
def test_a_file_is_private_whatever_the_umask(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    write(path)
    assert path.read_bytes() == b"secret\r\n"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_others_could_read_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "file", tmp_path / "elsewhere"
    elsewhere.write_text("theirs", encoding="utf-8")
    path.symlink_to(elsewhere)
    by_writing(path)
    assert (mode(path), path.is_symlink()) == (0o600, False)
    assert elsewhere.read_text(encoding="utf-8") == "theirs"


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), private_files.writing(path) as file:
        file.write("half")
        raise ZeroDivisionError
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_or_a_folder_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(OSError, match="not a file"), private_files.writing(path):
            pass
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_of_many_who_create_a_file_one_does(tmp_path: Path) -> None:
    path, made = tmp_path / "home" / "file", list[bool]()
    barrier = threading.Barrier(8)

    def create(number: int) -> None:
        barrier.wait(10)
        made.append(private_files.create(path, str(number)))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 7 + [True]
    assert mode(path.parent) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_private_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    private_files.create(path, "ü")
    assert private_files.read(path) == "ü"
    with pytest.raises(FileNotFoundError):
        private_files.read(tmp_path / "none")


def as_link(path: Path) -> None:
    real = path.with_name("real")
    path.rename(real)
    path.symlink_to(real)


def as_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nothing"))


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (as_link, "is a symbolic link"),
        (as_dangling_link, "is a symbolic link"),
        (as_pipe, "is not a file"),
        (lambda path: path.chmod(0o640), "Other users can read .* chmod 600"),
        (lambda path: path.chmod(0o602), "Other users can read .* chmod 600"),
    ],
)
def test_what_is_not_private_is_not_read(
    tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / "pepper"
    private_files.create(path, "1:…")
    spoil(path)
    with pytest.raises(NotPrivate, match=sentence):
        private_files.read(path)


def test_a_file_of_another_user_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pepper"
    private_files.create(path, "1:…")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(NotPrivate, match=r"belongs to another user .* sudo chown"):
        private_files.read(path)


# A lock with nothing in it, the database's file before SQLite fills it, and the pages of the
# practice Slack, which has no real keys.
OTHERS = {"keys/integrity/anchor.py", "storage/engine.py", "runtime/private_files.py"}


def writes(path: Path) -> Iterator[int]:
    """The lines on which a file may be opened for writing."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("write_text", "write_bytes", "mkstemp", "NamedTemporaryFile"):
            yield node.lineno
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        modes = [each.value for each in given if isinstance(each, ast.Constant)]
        private = any(keyword.arg == "opener" for keyword in node.keywords)
        if name == "open" and not private and any(each in ("w", "a", "x", "wb") for each in modes):
            yield node.lineno
        if ast.unparse(node.func) == "os.open":
            yield node.lineno


def test_no_other_module_writes_a_file() -> None:
    found = {
        str(path.relative_to(ROOT)): list(writes(path))
        for package in ("bot", "cli", "gateway", "keys", "runtime", "settings", "storage")
        for path in (ROOT / package).rglob("*.py")
    }
    assert {name for name, lines in found.items() if lines} == OTHERS
