"""What a user gives besides photographs: own measures, rules of findings, norms. One file serves two and three
dimensions, and is checked as a whole, whichever of the two is measured.

In: paths. Out: measures and rules of both kinds, norms. InputError names file, line and what is wrong.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tasks.anthropometry import own as flat
from tasks.anthropometry import rules as flat_rules
from tasks.anthropometry.measures.measure import Measure as FlatMeasure
from tasks.base import tables
from tasks.errors import InputError
from tasks.evaluation.norms import own_norms, read_norms
from tasks.findings.rules import DEFAULT, Rule
from tasks.pages.norms import Norms
from tasks.schemas.ingest import IMAGES
from tasks.surface import finding_rules as space_rules
from tasks.surface.measures import surgeons_own as space
from tasks.surface.measures.measure import Measure as SpaceMeasure

WHO = ("population", "gender", "age_group")
PERSON = (*WHO, "cleft_side", "notice")


class Own(NamedTuple):
    """A user's own measures."""

    flat: tuple[FlatMeasure, ...] = ()  # of one photograph
    space: tuple[SpaceMeasure, ...] = ()  # of a face in three dimensions


class Rules(NamedTuple):
    """Rules of findings, for measures of one photograph and of a face in three dimensions."""

    flat: tuple[Rule, ...]
    space: tuple[Rule, ...]


def own_of(path: Path | None) -> Own:
    """The measures that a file declares; none without one."""
    return Own() if path is None else Own(flat.own_measures(path), space.own_measures(path))


def rules_of(path: Path | None, own: Own) -> Rules:
    """The rules of a file, or Vermilion's."""
    given = path or DEFAULT
    return Rules(flat_rules.read_rules(given, own.flat), space_rules.read_rules(given, own.space))


def norms_of(path: Path | None, folder: Path) -> Norms:
    """The norms of a file; without one, those that the stages left in `folder` of the project's own controls."""
    if path is None:
        return own_norms(folder)
    if not path.exists():
        raise InputError(f"{path}: there is no such file; `vermilion norms` writes one")
    return read_norms(path, f"those of {path.name}")


def people_of(root: Path) -> dict[str, Mapping[str, Any]]:
    """Who is on the project's own photographs, by image_id: PERSON of images.csv."""
    if not (root / "data/ingest/images").exists():
        return {}
    rows = tables.read(root / "data/ingest/images", IMAGES, ["image_id", *PERSON]).to_pylist()
    return {row["image_id"]: row for row in rows}
