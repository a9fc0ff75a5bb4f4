"""The list of reasons for which what was brought is rejected: where it lies, and who may read it.

In: what was brought, and what is wrong with it. Out: a CSV file beside it. Does not know what a batch is.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tasks.base import sheets
from tasks.ingest.raw_folders.batch import Problem

REASONS = "-rejected.csv"
"""How its name ends."""


def reasons_beside(path: Path) -> Path:
    """Where the reasons lie for which what was brought was rejected: `new-rejected.csv` beside `new` or `new.xlsx`."""
    return path.with_name(f"{path.stem if path.is_file() else path.name}{REASONS}")


def write_reasons(reasons: Path, problems: Sequence[Problem]) -> None:
    """The problems as a table; it comes whole or not at all, and only its owner may read it."""
    columns = ("source", "line", "path", "reason")
    sheets.write(reasons, columns, ([row[name] for name in columns] for row in problems))


def share(reasons: Path) -> None:
    """Let those who may read the folder read the list, too: on a share the steward is another account."""
    folder = reasons.parent.stat()
    with suppress(OSError):  # a list that is not there; a share that knows no owners
        if reasons.stat().st_gid != folder.st_gid:
            os.chown(reasons, -1, folder.st_gid)
        reasons.chmod(0o600 | folder.st_mode & 0o044)
