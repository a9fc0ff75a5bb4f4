"""A person's journey: in from a spreadsheet, a score corrected, a batch undone, consent withdrawn; real processes.

The search afterwards is the test's own: bytes as they are, tables and databases as they are read, DVC's cache as well.
"""

import json
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.stewards.withdrawal import who_is_meant
from tasks.base import sheets
from tasks.base.digests import file_digest
from tests.family import Family
from tests.project import copy_project, lock, outs, run
from tests.server import free_port
from tests.stewards import IMAGES, RATINGS, draw, table

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),  # DVC's own use of pygtrie
]

PEOPLE = (("anna_kowalska", "unrepaired"), ("bert_smith", "repaired"), ("carla_diaz", "control"))


def three_people(folder: Path) -> Path:
    """A batch of three people whose tables are spreadsheets."""
    for seed, (name, _) in enumerate(PEOPLE, 40):
        draw(folder / f"{name}_front.png", seed=seed)
    images = [(f"{name}_front.png", name, population, "research") for name, population in PEOPLE]
    sheets.write(folder / "images.xlsx", IMAGES, images)
    ratings = [(f"{name}_front.png", rater, role, "CARS", 2) for name, _ in PEOPLE for rater, role in RATERS]
    sheets.write(folder / "ratings.xlsx", RATINGS, ratings)
    return folder


RATERS = (("surgeon", "medical"), ("lay_1", "lay"))


def texts(file: Path) -> Iterator[str]:
    """What a file says, whatever holds it."""
    content = file.read_bytes()
    if content.startswith(b"PAR1"):
        found = pq.read_table(file)
        for column in found.columns:
            kind = column.type.value_type if pa.types.is_list(column.type) else column.type
            if pa.types.is_string(kind):
                yield json.dumps(column.to_pylist())
        yield str(found.schema.metadata)
    elif content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            yield "\n".join(str(row) for row in database.iterdump())
    elif content.startswith(b"PK"):
        with zipfile.ZipFile(file) as book:
            yield from (book.read(part).decode("utf-8", "ignore") for part in book.namelist())
    yield content.decode("utf-8", "ignore")


def found(root: Path, drop: Path, words: tuple[str, ...], image_id: str) -> list[tuple[str, str]]:
    """Files of the project and the drop folder that are the photograph, or say one of the words."""
    files = [path for place in (root, drop) for path in place.rglob("*") if path.is_file()]
    own = [path for path in files if not {"flows", "tasks"} & set(path.parts)]
    left = [(str(path), "bytes") for path in own if file_digest(path) == image_id]
    return left + [(str(path), word) for path in own for text in texts(path) for word in words if word in text]


def test_in_corrected_undone_and_withdrawn(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = copy_project(built, tmp_path / "project")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(root / ".dvc/site"))
    drop = tmp_path / "drop"
    three_people(drop / "first")
    run(root, "vermilion", "watch", str(drop), "--settle", "0", "--once")
    [batch] = json.loads(run(root, "vermilion", "ratings", "list", "--json").stdout)
    assert (batch["photographs"], batch["ratings"], batch["who"]) == (3, 6, "Test")
    name = f"{batch['batch']}/anna_kowalska_front.png"
    image_id = file_digest(root / "data/added/batches" / name)
    with Family(root, "vermilion", "serve", "--port", str(free_port())) as serve:
        until = time.monotonic() + 180
        while "Ctrl-C" not in serve.said() and time.monotonic() < until:
            time.sleep(0.2)
        run(root, "vermilion", "rebuild")
    run(root, "git", "commit", "-qam", "with three people")
    later = table(tmp_path / "later.csv", RATINGS, [f"{name},surgeon,medical,CARS,4"])
    run(root, "vermilion", "ratings", "correct", str(later), "--no-run")
    wrong = table(tmp_path / "wrong.csv", RATINGS, [f"{batch['batch']}/bert_smith_front.png,lay_9,lay,CARS,5"])
    run(root, "vermilion", "ratings", "add", str(wrong), "--no-run", "--new-rater", "lay_9")
    mistake = json.loads(run(root, "vermilion", "ratings", "list", "--json").stdout)
    [bad] = [row["batch"] for row in mistake if row["ratings"] == 1]
    run(root, "vermilion", "ratings", "undo", bad, "--no-run")
    words = ("anna_kowalska", image_id)
    assert len(found(root, drop, words, image_id)) > 20
    control = who_is_meant.find("carla_diaz", root, also=())
    assert "symmetry_train@clp" in control.networks
    before = lock(root)

    done = run(root, "vermilion", "withdraw", "anna_kowalska", "--yes", check=False)
    assert (done.returncode, "no bytes, no digest and no name" in done.stdout) == (0, True), done.stdout + done.stderr
    assert found(root, drop, words, image_id) == []
    untouched = {"symmetry_train@clp", "symmetry_train@temporal", "anomaly_generator", "synthesis_base"}
    assert {stage for stage in untouched if stage not in lock(root)} == set()
    assert not list((root / "data/synthesis").glob("*/adapter/*.safetensors"))

    said = run(root, "dvc", "repro").stdout
    ran = {stage for stage in untouched if f"Running stage '{stage}'" in said}
    assert ran <= {"anomaly_generator"}  # it reads everybody's faces, and trains on controls: looked up, not trained
    assert "anomaly_generator: reused" in said
    assert "Running stage 'synthesis_train@pre'" in said
    after = lock(root)
    assert {stage: outs(after[stage]) for stage in untouched} == {stage: outs(before[stage]) for stage in untouched}
    assert list((root / "data/synthesis").glob("*/adapter/*.safetensors"))
    assert found(root, drop, words, image_id) == []
