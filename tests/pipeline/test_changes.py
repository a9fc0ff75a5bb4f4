"""What a change makes stale: numbers, comments, code, a damaged store. Real DVC on a project that is built.

What to expect is read off dvc.yaml and DVC's graph, so that a new stage needs no word here.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.repository.verification import stale
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.store.artifacts import Store
from tests.here import stages
from tests.project import copy_project, lock, outs, own_code, repro, run, set_number


@pytest.fixture(scope="module")
def project(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built project whose numbers and code may be changed."""
    folder = copy_project(built, tmp_path_factory.mktemp("changes") / "project")
    own_code(folder)
    return folder


def status(folder: Path) -> set[str]:
    """The stages that DVC would run for changes of their own."""
    return set(stale(folder))


def ran(said: str) -> set[str]:
    return set(re.findall(r"^Running stage '(.+)':", said, re.MULTILINE))


def computed(said: str) -> dict[str, int]:
    """Stage to the number of buckets that it computed."""
    return {
        s: int(n) for s, n in re.findall(r"^(\S+): \d+ buckets reused .*; (\d+) buckets computed", said, re.MULTILINE)
    }


def naming(folder: Path, number: str) -> set[str]:
    """The stages of dvc.yaml whose `params` name the number or its block, as DVC calls them."""
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    named = {name for name, stage in stages.items() if {number, number.split(".")[0]} & set(stage.get("params", []))}
    return {name for name in lock(folder) if name.split("@")[0] in named}


def below(folder: Path, stages: set[str]) -> set[str]:
    """The stages and everything that DVC's graph has below them."""
    edges = re.findall(r'"(.+)" -> "(.+)"', run(folder, "dvc", "dag", "--dot").stdout)
    found = set(stages)
    while more := {end for start, end in edges if start in found} - found:
        found |= more
    return found


def inputs(stage: dict[str, Any]) -> tuple[Any, Any]:
    return stage.get("params"), stage["deps"]


NUMBERS: list[tuple[str, str, Any]] = [
    ("report", "examples", 2),
    ("ingest_ratings", "scales", {"CARS": {"low": 0, "high": 5}}),
    ("symmetry_warp", "severity_high", 1.5),
]


@pytest.mark.parametrize(("block", "key", "value"), NUMBERS)
def test_a_number_makes_the_stages_stale_that_name_it(project: Path, block: str, key: str, value: Any) -> None:
    numbers = (project / "params.yaml").read_text()
    assert status(project) == set()
    set_number(project, block, key, value)
    assert status(project) == naming(project, f"{block}.{key}")
    (project / "params.yaml").write_text(numbers)


@pytest.mark.long
def test_numbers_rerun_the_stages_that_name_them_and_what_changed_below_them(project: Path) -> None:
    named, before = set[str](), lock(project)
    for block, key, value in NUMBERS:
        set_number(project, block, key, value)
        named |= naming(project, f"{block}.{key}")
    again = ran(repro(project))
    after = lock(project)
    assert named <= again <= below(project, named)
    assert again == {name for name in after if inputs(after[name]) != inputs(before[name])}


def test_how_it_is_run_makes_nothing_stale(project: Path) -> None:
    """All of `runtime` but `buckets`, which says how results are cut into files."""
    numbers = yaml.safe_load((project / "params.yaml").read_text())["runtime"]
    for key in numbers.keys() - {"buckets"}:
        set_number(project, "runtime", key, "another")
    assert status(project) == set()
    for key, value in numbers.items():
        set_number(project, "runtime", key, value)
    set_number(project, "runtime", "workers", 2)
    before = outs(lock(project)["ingest_lips"])
    said = repro(project, "--single-item", "--force", "ingest_lips")
    assert computed(said) == {"ingest_lips": 0}
    assert outs(lock(project)["ingest_lips"]) == before


def test_prose_in_the_code_makes_dvc_look_and_computes_nothing(project: Path) -> None:
    """DVC compares files, so it runs the stages; the store knows what computes."""
    before = lock(project)
    for module in ("tasks/symmetry/network.py", "tasks/ingest/faces/landmarks.py"):
        text = (project / module).read_text()
        (project / module).write_text(text.replace('"""', '"""Said otherwise: ', 1) + "\n# A remark.\n")
    said = repro(project, "symmetry_distances@clp")
    assert {"ingest_landmarks", "symmetry_train@clp", "symmetry_distances@clp"} <= ran(said)
    assert len(computed(said)) >= 4
    assert not any(computed(said).values())
    assert "symmetry_train@clp: reused" in said
    assert "computing" not in said
    after = lock(project)
    assert {name: outs(stage) for name, stage in after.items()} == {name: outs(stage) for name, stage in before.items()}


CODE = {
    "ingest_lips": ("tasks/ingest/faces/lips.py", "slice(50, 53)", "slice(49, 54)"),
    "symmetry_distances@clp": ("tasks/symmetry/distances.py", "BATCH = 32", "BATCH = 16"),
}


def test_code_that_computes_computes_again(project: Path) -> None:
    """By the bucket, and in one piece."""
    for module, old, new in CODE.values():
        text = (project / module).read_text()
        assert text.count(old) == 1
        (project / module).write_text(text.replace(old, new))
    said = repro(project, "--single-item", *CODE)
    assert "ingest_lips: 0 buckets reused" in said
    assert "symmetry_distances@clp: computing" in said
    assert all(computed(said)[stage] > 0 for stage in CODE)


def digests(out: Path) -> dict[str, str]:
    return {part.name: file_digest(part) for part in tables.parts(out)}


def test_a_damaged_store_is_healed_and_says_so(built: Path, tmp_path: Path) -> None:
    folder = copy_project(built, tmp_path / "copy")
    before = digests(folder / "data/ingest/lips")
    store = Store(folder / "data/.artifacts")
    records = sorted((store.root / "references/ingest_lips").glob("*.json"))
    references = [store.recorded("ingest_lips", record.stem) for record in records]
    objects = [store.path(reference) for reference in references if reference]
    assert len(objects) == len(records)
    objects[0].unlink()
    objects[1].write_bytes(objects[1].read_bytes()[:-10])
    content = objects[2].read_bytes()
    objects[2].write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    records[3].write_text("{")
    records[4].unlink()
    said = stages(folder, "ingest_lips")
    assert computed(said) == {"ingest_lips": 5}
    assert "4 buckets in the store were damaged or missing" in said
    assert digests(folder / "data/ingest/lips") == before
    assert computed(stages(folder, "ingest_lips")) == {"ingest_lips": 0}
    assert digests(folder / "data/ingest/lips") == before
