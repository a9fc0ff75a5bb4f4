"""Who may read what a project holds of people: its owner alone, whatever the umask says.

In: the project's folder. Out: the umask of this process, and folders closed to other accounts. A group that works in
one project together says so where DVC wants to know it too: `dvc config cache.shared group`; then the group reads and
writes, and nobody else. Knows nothing of what lies in the folders. Imports nothing that takes time: every command and
every stage begins with this.
"""

import configparser
import os
import stat
from collections.abc import Iterator
from pathlib import Path

HOLDS_PEOPLE = ("data", ".dvc", ".prefect")
"""Raw files, batches, tables, pages, results in the store; DVC's cache; Prefect's database, the log, the secret."""


def settle(root: Path) -> None:
    """What this process and its children write is closed to others; so are the project's folders, made by whom ever.

    A folder of another account is left: there its owner decides.
    """
    closed = forbidden(root)
    os.umask(closed)
    for folder in (root / name for name in HOLDS_PEOPLE):
        _close(folder, closed)


def forbidden(root: Path) -> int:
    """The permission bits that nothing here may have: others', and the group's unless it shares the project."""
    config = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        config.read([root / ".dvc/config", root / ".dvc/config.local"], encoding="utf-8")
        shared = config.get("cache", "shared", fallback="")
    except (configparser.Error, UnicodeDecodeError, OSError):  # DVC will say so
        shared = ""
    return 0o007 if shared.strip("\"' ") == "group" else 0o077


def mend(root: Path) -> list[Path]:
    """Close every file and folder that holds people, those of earlier versions too. Returns which were open."""
    closed = forbidden(root)
    return [path for name in HOLDS_PEOPLE for path in _tree(root / name) if _close(path, closed)]


def _tree(folder: Path) -> Iterator[Path]:
    """The folder and all in it; links are neither followed nor named."""
    if folder.is_dir() and not folder.is_symlink():
        yield folder
        for parent, folders, files in os.walk(folder):
            yield from (path for name in (*folders, *files) if not (path := Path(parent, name)).is_symlink())


def _is_open(path: Path, closed: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return not stat.S_ISLNK(found.st_mode) and found.st_uid == os.getuid() and bool(found.st_mode & closed)


def private_folder(folder: Path) -> Path:
    """The folder, made if need be, for pictures of people: its owner alone reads it, and git passes it over."""
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def _close(path: Path, closed: int) -> bool:
    """Whether it was open, and is closed now."""
    if not _is_open(path, closed):
        return False
    path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~closed)
    return True
