"""Where a command may write: asked before it begins, so that no work is lost to a mistyped name.

In: a path as a person gave it, and the option that it was given by. Out: the same path; InputError in one line where
nothing can be written there. The question leaves nothing behind.
"""

import tempfile
from pathlib import Path

from tasks.errors import InputError

PARQUET = ".parquet"


def output_file(path: Path, option: str) -> Path:
    """The path, where a file of this name can be written or replaced; folders that are missing can be made."""
    if path.is_dir():
        raise InputError(f"{option} {path}: a folder is there; name a file, such as {path / example(option)}")
    if path.exists() and not path.is_file():
        raise InputError(f"{option} {path}: not a file; name one that can be replaced, or a new one")
    _check_place(path, path.parent, option)
    return path


def table_suffix(path: Path) -> Path:
    """The path, where its suffix is one of a table, .parquet among them. InputError names those that can be written."""
    from tasks.base import sheets  # slow to import

    if path.suffix.lower() not in (*sheets.SUFFIXES, PARQUET):
        accepted = f"{', '.join(sheets.SUFFIXES)} or {PARQUET}"
        raise InputError(f"{path}: a table is written as {accepted}; give the file one of these endings")
    return path


def output_folder(path: Path, option: str) -> Path:
    """The path, where a folder of this name is or can be made, and files can be written into it."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{option} {path}: a file is there; name a folder, a new one or one that is there")
    _check_place(path, path, option)
    return path


def example(option: str) -> str:
    """A name for a file that the option may be given."""
    return "scores.xlsx" if option == "--table" else "ratings.csv"


def _check_place(path: Path, folder: Path, option: str) -> None:
    """InputError unless a file can be written into the folder, or into the nearest one above it that is there."""
    place = next((above for above in (folder, *folder.absolute().parents) if above.exists()), folder)
    if not place.is_dir():
        raise InputError(f"{option} {path}: {place} is a file, so nothing can lie below it; name another place")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        why = (error.strerror or "no").lower()
        raise InputError(f"{option} {path}: nothing can be written to {place}: {why}; name another place") from error
