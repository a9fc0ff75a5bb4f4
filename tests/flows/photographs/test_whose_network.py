"""What the networks were trained on is what the last evaluation saw, whatever photographs came in since."""

from pathlib import Path

import pytest

from flows.photographs.score import drawn_only
from tasks.base import tables
from tasks.errors import InputError
from tasks.evaluation.census import pictures
from tasks.phantoms.dataset import NOTICE
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import IMAGES


def project(folder: Path, **notices: str | None) -> Path:
    """Images of controls, by name, with their notice; evaluated when they are the first."""
    rows = [
        {"image_id": name, "path": f"{name}.png", "names": [name], "kind": "still", "subject_id": name,
         "population": "control", "size_bytes": 1, "notice": notice}
        for name, notice in notices.items()
    ]  # fmt: skip
    tables.write(IMAGES.table(rows), folder / "data/ingest/images/00.parquet", IMAGES, provenance={})
    return folder


def evaluated(folder: Path) -> None:
    made = {"stage": "evaluate", "pictures": pictures(folder / "data/ingest/images")}
    tables.write(SCORES.table([]), folder / "data/evaluation/scores.parquet", SCORES, provenance=made)


def test_networks_of_drawn_faces_know_no_photograph_that_came_in_since(tmp_path: Path) -> None:
    evaluated(project(tmp_path, a=NOTICE, b=NOTICE))
    assert drawn_only(tmp_path) == frozenset({"a", "b"})
    project(tmp_path, a=NOTICE, mine=None)  # a training on these failed
    assert drawn_only(tmp_path) == frozenset({"a"})
    evaluated(tmp_path)
    assert drawn_only(tmp_path) is None


def test_networks_of_photographs_are_no_networks_of_drawn_faces(tmp_path: Path) -> None:
    evaluated(project(tmp_path, mine=None))
    project(tmp_path, a=NOTICE)
    assert drawn_only(tmp_path) is None


def test_results_of_an_earlier_version_are_one_line(tmp_path: Path) -> None:
    tables.write(
        SCORES.table([]), tmp_path / "data/evaluation/scores.parquet", SCORES, provenance={"stage": "evaluate"}
    )
    with pytest.raises(InputError, match="of another version of Vermilion; run `dvc repro`"):
        drawn_only(tmp_path)
