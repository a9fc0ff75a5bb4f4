"""Which fillings surgeons may judge: those of patients, as the stage inpainting_fill left them.

In: a project that has run. Out: patients for tasks.inpainting.judging.sheet. Knows nothing of how they are shown.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from tasks.base import absence, tables
from tasks.errors import InputError
from tasks.inpainting.judging.results_shown import Patient, patients_of
from tasks.schemas.inpainting import FILLINGS

FOLDER = Path("data/inpainting/fillings")

PicturesOf = Callable[[Path, Collection[str]], list[Patient]]
"""The project and the populations that are meant, to the patients that a sheet shows."""


def pictures_of(root: Path, populations: Collection[str]) -> list[Patient]:
    """The patients whose photographs were filled. InputError: the stage has not run, or filled none of these."""
    folder = root / FOLDER
    if reason := absence.reason_of(folder):
        raise InputError(f"{folder}: no fillings: {reason}")
    if not folder.exists():
        raise InputError(f"{folder}: not there yet; run `dvc repro` first")
    rows = [row for part in tables.read_each(folder, FILLINGS) for row in part.to_pylist()]
    found = patients_of(rows, populations=populations)
    if not found:
        there = sorted({row["population"] for row in rows if row["reason"] is None})
        raise InputError(
            f"{folder}: no photograph of {' or '.join(populations)} was filled; filled were: "
            f"{', '.join(there) or 'none'} (params.yaml, inpainting_fill.populations; --population)"
        )
    return found
