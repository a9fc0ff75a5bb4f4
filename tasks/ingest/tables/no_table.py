"""What is said where a folder has no table of images: what it should hold, and which tables lie there instead.

In: the folder, and the columns of a table of images. Out: words, with an example to paste. Opens the tables for their
columns, and no picture.
"""

from collections.abc import Sequence
from pathlib import Path, PurePath

from tasks.ingest.tables.file_names import looks_like_table, walk
from tasks.ingest.tables.sheets import RawLayoutError, read_sheets


def no_table(raw: Path, suffixes: Sequence[str], *, required: Sequence[str], optional: Sequence[str]) -> str:
    """That there is no table of images, what it should hold, with an example, and which tables lie there instead."""
    files = list(walk(raw))
    others = [name for name in files if looks_like_table(name) and "/" not in name]
    unlike = [f"{name} ({_unlike(raw / name, required)})" for name in others]
    there = f"; there is {', '.join(unlike)}" if unlike else ""
    picture = next((name for name in files if PurePath(name).suffix.lower() in suffixes), "patients/p001.jpg")
    return (
        f"{raw / 'images.csv'}: no such file, nor images.xlsx; columns: {', '.join(required)}, "
        f"and, where they are known, {', '.join(optional)}{there}. "
        "Make one with a line for each picture, folder or pattern:\n"
        f'{",".join(required)}\n"{picture}","{PurePath(picture).stem}",repaired'
    )


def _unlike(table: Path, required: Sequence[str]) -> str:
    """Why a table that is there is not the table of images."""
    try:
        lacking = [[name for name in required if name not in sheet.columns] for sheet in read_sheets(table)]
    except (RawLayoutError, OSError):
        return "it cannot be read as a table"
    fewest = min(lacking, key=len, default=list(required))
    return f"no column {', '.join(fewest)}" if fewest else "not called so"
