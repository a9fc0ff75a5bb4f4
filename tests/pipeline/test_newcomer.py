"""A new user's forty photographs: from `git clone` to a report about these forty, by the README's own commands.

The clone is of what is committed, with tiny numbers; the environment is the one that runs the tests, so that
`make install` and its activation are the two commands that are not run.
"""

import csv
import json
import os
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from PIL import Image

from flows import PROJECT
from flows.cli.use import renamed
from tasks.base import tables
from tasks.errors import InputError
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms.dataset import draw_dataset
from tasks.schemas.ingest import IMAGES
from tests.here import vermilion
from tests.project import SMALL, run
from tests.spreadsheets import active

CONTROLS, PATIENTS = 25, 15
README = (PROJECT / "README.md").read_text()


def readme_commands() -> list[str]:
    """The first block of commands under the researcher's heading."""
    own = README.split("### You are a researcher\n", 1)[1]
    block: str = re.findall(r"```sh\n(.*?)```", own, re.DOTALL)[0]
    return block.splitlines()


def test_the_readme_names_six_commands() -> None:
    words = [shlex.split(line, comments=True)[:2] for line in readme_commands()]
    assert words == [
        ["git", "clone"],
        ["cd", "vermilion"],
        ["make", "install"],
        [".", ".venv/bin/activate"],
        ["vermilion", "use"],
        ["dvc", "repro"],
    ]


@pytest.fixture
def forty(tmp_path: Path) -> Path:
    """A folder of forty photographs, images.csv, and ratings.xlsx: no clips, nobody before repair, no references."""
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())["phantoms_draw"] | SMALL["phantoms_draw"]
    numbers |= {"control_subjects": CONTROLS, "repaired_subjects": PATIENTS, "stills_per_repaired": 1}
    numbers |= {"clip_subjects": 0, "unrepaired_subjects": 0}
    folder = tmp_path / "my photographs"
    draw_dataset(folder, settings=PhantomsDraw.model_validate(numbers), workers=1)
    rows = list(csv.DictReader((folder / "images.csv").read_text(encoding="utf-8").splitlines()))
    with (folder / "images.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["path", "subject_id", "population", "consent"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    book = openpyxl.Workbook()
    for row in csv.reader((folder / "ratings.csv").read_text(encoding="utf-8").splitlines()):
        active(book).append(row)
    book.save(folder / "ratings.xlsx")
    for name in ("ratings.csv", "references.csv"):
        (folder / name).unlink()
    return folder


@pytest.mark.long
def test_forty_photographs_from_a_clone_to_a_report(forty: Path, tmp_path: Path) -> None:
    for line in readme_commands():
        program, *rest = shlex.split(line, comments=True)
        if program == "git":
            run(tmp_path, "git", "clone", "-q", str(PROJECT), "vermilion")
            clone = tmp_path / "vermilion"
            make_tiny(clone / "params.yaml")
        elif program == "vermilion":
            said = run(clone, program, rest[0], str(forty)).stdout
            assert f"control: {CONTROLS} photographs of {CONTROLS} people" in said
            assert f"repaired: {PATIENTS} photographs of {PATIENTS} people" in said
            assert f"{5 * PATIENTS} ratings on CARS by 5 raters" in said
        elif program == "dvc":
            run(clone, program, *rest)
    reports = clone / "data/reports"
    listed = tables.read(clone / "data/ingest/images", IMAGES, ["population", "kind"]).to_pylist()
    assert Counter(row["population"] for row in listed) == {"control": CONTROLS, "repaired": PATIENTS}
    assert {row["kind"] for row in listed} == {"still"}
    page = re.sub(r"\s+", " ", (reports / "index.html").read_text())
    assert f"{PATIENTS} people are too few to say which method follows raters best." in page
    assert "no usable clips of controls" in page
    assert "before repair" in page
    assert "phantom" not in page.split("<main>")[0]  # nothing of the demo's data
    assert json.loads((reports / "metrics.json").read_text())["raters"]["n_ratings"] == 5 * PATIENTS
    header: Any
    rows: list[Any]
    header, *rows = active(openpyxl.load_workbook(reports / "photographs.xlsx")).iter_rows(values_only=True)
    assert len(rows) == CONTROLS + PATIENTS
    assert sum(row[header.index("ratings")] for row in rows) == 5 * PATIENTS


def make_tiny(numbers: Path) -> None:
    """The tests' small numbers in a clone's params.yaml; its raw folder stays as it is."""
    every = yaml.safe_load(numbers.read_text())
    for block, values in SMALL.items():
        every[block] |= values
    numbers.write_text(yaml.safe_dump(every, sort_keys=False))


def test_what_use_writes_is_read_as_it_was_meant(tmp_path: Path) -> None:
    before = (PROJECT / "params.yaml").read_text()
    for raw in ("data/raw/mine", "/srv/\u00c4rzte #1/it's: here", "- x", "2024", "null"):
        after = renamed(before, Path(raw))
        assert yaml.safe_load(after)["data"]["raw"] == raw
        assert yaml.safe_load(after) | {"data": None} == yaml.safe_load(before) | {"data": None}
        assert after.count("\n") == before.count("\n")
    with pytest.raises(InputError, match="no line `raw:` under `data:`"):
        renamed("data: {raw: x, added: y}\n", Path("z"))


def test_a_folder_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "mine").mkdir(parents=True)
    for name in ("params.yaml", "dvc.yaml"):
        (project / name).write_text((PROJECT / name).read_text())
    (project / "mine/images.csv").write_text("path,subject_id,population\nnot-there.jpg,p1,repaired\n")
    for folder, why in (("mine", "no photograph can be used"), ("nowhere", "no such folder")):
        done = run(project, "vermilion", "use", folder, check=False)
        assert (done.returncode, why in done.stderr) == (2, True), done.stderr
    assert (project / "params.yaml").read_text() == (PROJECT / "params.yaml").read_text()


def test_a_pipe_among_the_photographs_is_named_before_dvc_waits_for_it(tmp_path: Path) -> None:
    """`use` advises `dvc repro`, which would wait for ever."""
    project = tmp_path / "project"
    (project / "mine").mkdir(parents=True)
    for name in ("params.yaml", "dvc.yaml"):
        (project / name).write_text((PROJECT / name).read_text())
    (project / "mine/images.csv").write_text("path,subject_id,population\na.png,p1,repaired\n")
    Image.new("RGB", (64, 64)).save(project / "mine/a.png")
    os.mkfifo(project / "mine/b.png")
    done = vermilion(project, "use", "mine")
    assert done.returncode == 2, done.stdout
    assert "mine/b.png is a pipe or device, not a file; DVC cannot read it: take it out" in done.stderr
    assert (project / "params.yaml").read_text() == (PROJECT / "params.yaml").read_text()
