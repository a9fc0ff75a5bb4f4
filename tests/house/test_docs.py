"""What README and docs/ say, held against the code: commands, stages, files, columns, settings, published numbers."""

import csv
import importlib.util
import io
import json
import re
import runpy
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from dvc.cli.parser import get_main_parser
from prefect.settings import get_current_settings
from typer.main import get_command

from flows import PROJECT
from flows.cli import app
from tasks import params
from tasks.evaluation.published import FLEISS_KAPPA
from tasks.evaluation.symmetry.published import PUBLISHED
from tasks.ingest.images import inventory
from tasks.ingest.ratings import reading
from tasks.ingest.tables.raw_layout import Folder
from tasks.params.ingest import IngestImages, IngestRatings
from tasks.params.symmetry import PairCounts, SymmetryPairs, SymmetryTrain, SymmetryWarp
from tasks.symmetry.plans import draw_plans
from tests.evaluation.showing import evaluate
from tests.house.test_architecture import model_of
from tests.study import SETTINGS, draw_study
from tests.symmetry.small_training import small_training

README = (PROJECT / "README.md").read_text()
PAGES = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
PAGES += sorted((PROJECT / "docs").glob("*.md"))
PUBLISHED_SETTINGS = PROJECT / "docs/published.yaml"
LAYOUT = (PROJECT / "docs/raw-layout.md").read_text()


def fenced(text: str, kind: str) -> list[str]:
    """The contents of a page's code blocks of one kind."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one of its level."""
    level = title.split(" ")[0]
    return re.split(rf"^{level} ", text.split(f"{title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


COMMANDS = sorted(
    {
        line.split("  #")[0].strip()
        for page in PAGES
        for block in fenced(page.read_text(), "sh")
        for line in block.splitlines()
    }
    - {""}
)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_in_the_docs_exist(line: Any) -> None:
    words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
    program, *rest = words
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
        assert set(rest) <= set(targets)
    elif program == "dvc":
        assert get_main_parser().parse_args(rest).func
    elif program == "vermilion":
        command = get_command(app)
        while rest and (commands := getattr(command, "commands", None)):
            command = commands[rest.pop(0)]
        assert command.make_context("vermilion", rest).params
    elif program == "python" and rest[0] == "-m":
        assert importlib.util.find_spec(rest[1])
    else:
        own = {". .venv/bin/activate", "cd vermilion", "git clone ADDRESS vermilion", "git push -u origin main"}
        own |= {"git remote add origin ADDRESS", "git pull --rebase -X ours"}
        assert line in own, "unknown command"


def test_dvc_targets_in_the_docs_are_stages() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    for page in PAGES:
        for name in re.findall(r"dvc (?:repro|exp run) ([a-z]+)", page.read_text()):
            assert name in stages, f"{page.name}: {name}"


def test_the_page_of_stages_has_every_stage_once_and_in_order() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    page = (PROJECT / "docs/stages.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(stages)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_the_readme_has_first_steps_for_every_kind_of_reader() -> None:
    readers = re.findall(r"^### You are an? ([\w ]+)$", section(README, "## First steps"), re.MULTILINE)
    assert readers == ["researcher", "clinician", "data steward", "operator", "developer"]
    rows = re.findall(r"^\| an? ([\w ]+) \|", (PROJECT / "docs/README.md").read_text(), re.MULTILINE)
    assert rows == readers


def test_the_index_names_every_page() -> None:
    index = (PROJECT / "docs/README.md").read_text()
    pages = {page.name for page in (PROJECT / "docs").glob("*.md")} - {"README.md"}
    assert not {page for page in pages if f"]({page})" not in index}


def test_the_tree_is_up_to_date() -> None:
    written = runpy.run_path(str(PROJECT / "docs/make_tree.py"))["render"]()
    assert (PROJECT / "docs/tree.md").read_text() == written, "run `python docs/make_tree.py`"


def tree() -> list[str]:
    """The paths that docs/tree.md names: a heading is a folder, its lines are files in it."""
    paths, folder = [], ""
    for line in (PROJECT / "docs/tree.md").read_text().splitlines():
        if found := re.match(r"## (\S+/)$", line):
            folder = found[1]
            paths.append(folder)
        elif found := re.match(r"- [`\[]([^`\]]+)[`\]]", line):
            paths.append(folder + found[1])
    return paths


def test_what_the_tree_names_is_there() -> None:
    assert not [path for path in tree() if not (PROJECT / path).exists()]


def test_every_module_stands_in_the_tree() -> None:
    rooms = ("flows", "tasks", "bench")
    modules = {str(path.relative_to(PROJECT)) for room in rooms for path in (PROJECT / room).rglob("*.py")}
    assert not {path for path in modules if not path.endswith("__init__.py")} - set(tree())


def test_benchmarks_in_the_docs_exist() -> None:
    pages = [*PAGES, PROJECT / "bench/synthesis_gpu.md", *(PROJECT / "tasks").rglob("*.py")]
    quoted = {name for page in pages for name in re.findall(r"python -m (bench\.\w+)", page.read_text())}
    assert len(quoted) > 10
    assert not [name for name in sorted(quoted) if name != "bench.NAME" and importlib.util.find_spec(name) is None]


def test_every_benchmark_stands_in_the_table() -> None:
    """Those that can be started: the others hold what one of them needs."""
    page = (PROJECT / "docs/benchmarks.md").read_text()
    modules = [path for path in (PROJECT / "bench").glob("*.py") if path.name != "__main__.py"]
    started = {path.stem for path in modules if '__name__ == "__main__"' in path.read_text()}
    assert not {name for name in started if f"python -m bench.{name}" not in page}


def columns_of(summary: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The columns of summary.json's chapters together; an older file has columns without chapters."""
    chapters = [
        own if all(isinstance(column, dict) for column in own.values()) else {name: own}
        for name, own in summary.items()
    ]
    return {name: column for chapter in chapters for name, column in chapter.items()}


@pytest.mark.parametrize(
    "title",
    ["## Symmetry, anomaly and the two plain measures", "## Inpainting", "## Anthropometry", "## Three dimensions"],
)
def test_the_demos_page_holds_the_committed_numbers(title: str) -> None:
    """Of every row and column of its first table: the committed number lies in the range, as rounded there."""
    found = columns_of(json.loads((PROJECT / "data/reports/summary.json").read_text()))
    lines = section((PROJECT / "docs/demo.md").read_text(), title)
    head, _, *rows = [
        [cell.strip().replace(" ", "_") for cell in line.split("|")[1:-1]]
        for line in lines.split("\n\n")[1].splitlines()
    ]
    told = {(name, row[0]): cell for row in rows for name, cell in zip(head[1:], row[1:], strict=True) if cell}
    assert set(told) == {(name, row) for name in head[1:] for row in found[name]}
    for (name, row), cell in told.items():
        ends = [float(end) for end in cell.split("_to_")]
        assert ends[0] <= round(found[name][row], 3) <= ends[-1], f"{name}, {row}: widen the range"


def test_the_readmes_ranges_are_those_of_the_demos_page() -> None:
    demo = (PROJECT / "docs/demo.md").read_text()
    table = section(README, "## The systems, and what they were measured at")
    ranges = re.findall(r"\| ([\d.]+ to [\d.]+) \|", table)
    assert len(ranges) >= 8
    assert not [told for told in ranges if f" {told} " not in demo]


def test_lines_of_dvc_yaml_are_short_enough_to_read() -> None:
    assert max(map(len, (PROJECT / "dvc.yaml").read_text().splitlines())) <= 200


def test_clean_removes_what_every_stage_writes() -> None:
    """And what is told to be kept: own raw data, batches, captions, packages."""
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    recipe = (PROJECT / "Makefile").read_text().split("\nclean:", 1)[1]
    gone = re.findall(r"(?<= )[\w./{},]*data/[\w./]+", recipe)
    outs = [next(iter(out)) if isinstance(out, dict) else out for stage in stages.values() for out in stage["outs"]]
    tracked = ("data/reports/metrics.json", "data/reports/summary.json")
    assert not [
        out for out in outs if out not in tracked and not any(f"{out}/".startswith(f"{path}/") for path in gone)
    ]
    for kept in (
        "data/raw/faces",
        "data/added",
        "data/captions",
        "data/votes",
        "data/repeats",
        "data/exemplars",
        "data/weights",
        ".venv",
        *tracked,
    ):
        assert not [path for path in gone if f"{kept}/".startswith(f"{path}/")], kept


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Any) -> None:
    text = re.sub(r"<!--.*?-->", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        other = page.parent / name if name else page
        assert other.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", other.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, target


def test_the_data_dictionary_is_up_to_date() -> None:
    written = runpy.run_path(str(PROJECT / "docs/make_tables.py"))["render"]()
    assert (PROJECT / "docs/tables.md").read_text() == written, "run `python docs/make_tables.py`"


def test_the_page_of_measures_is_up_to_date() -> None:
    written = runpy.run_path(str(PROJECT / "docs/make_measures.py"))["render"]()
    assert (PROJECT / "docs/measures.md").read_text() == written, "run `python docs/make_measures.py`"


@pytest.mark.parametrize("title", ["## Add a stage", "## Add a system"])
def test_adding_takes_seven_steps_at_most(title: str) -> None:
    steps = re.findall(r"^(\d)\. ", section((PROJECT / "CONTRIBUTING.md").read_text(), title), re.MULTILINE)
    assert 1 <= len(steps) <= 7
    assert steps == [str(number) for number in range(1, len(steps) + 1)]


def columns(title: str) -> dict[str, str]:
    """Column name to its second cell, from a table of docs/raw-layout.md."""
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section(LAYOUT, title).split("###")[0], re.MULTILINE))


def test_the_raw_layout_names_every_column() -> None:
    images = columns("## images.csv")
    assert tuple(name for name, needed in images.items() if needed == "yes") == inventory.REQUIRED
    assert tuple(name for name, needed in images.items() if needed == "no") == inventory.OPTIONAL
    assert tuple(columns("## ratings.csv")) == reading.RATING_COLUMNS
    assert tuple(columns("## references.csv")) == reading.REFERENCE_COLUMNS


EXAMPLES = [block for block in fenced(LAYOUT, "csv") if block.startswith("path,subject_id")]
FILES: dict[str, dict[str, str | None]] = {
    "CFD": {
        "CFD/Images/CFD/WM-001/CFD-WM-001-014-N.jpg": "cfd-WM-001",
        "CFD/Images/CFD/WM-001/CFD-WM-001-015-A.jpg": None,
    },
    "YLFW": {"YLFW/0001.jpg": "ylfw-0001", "YLFW/more/0002.png": "ylfw-0002", "YLFW/readme.txt": None},
    "CRSS": {"CRSS/S001/read_01.mp4": "crss-S001", "CRSS/S002/read_01.mp4": "crss-S002"},
    "patients": {
        "patients/p001/front.jpg": "p001",
        "patients/p001/smile.jpg": "p001",
        "patients/p002_2019.jpg": "p002",
        "patients/p002_2021.jpg": "p002",
    },
    "described": {"described/p003_before.jpg": "p003", "described/p003_after.jpg": "p003"},
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[1].split(",")[0])
def test_the_worked_examples_of_the_raw_layout(example: Any, tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text(example)
    first = next(csv.DictReader(io.StringIO(example)))
    expected = FILES[first["path"].split("/")[0]]
    for name in expected:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    kinds = params.load(IngestImages, "ingest_images", PROJECT / "params.yaml")
    images, refused = inventory.take_inventory([Folder(tmp_path, "")], settings=kinds)
    assert refused.num_rows == 0
    found = {row["names"][0]: row["subject_id"] for row in images.to_pylist()}
    assert found == {name: subject for name, subject in expected.items() if subject}


def test_a_column_for_each_rater_becomes_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of docs/raw-layout.md: umlauts, an empty cell, a decimal comma."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (("Foto", "Dr. Weiß", "Parent 1"), ("p1/ä.jpg", "2,5", None), ("p2/ä.jpg", 3, 4)):
        sheet.append(row)
    book.save(tmp_path / "hospital.xlsx")
    monkeypatch.chdir(tmp_path)
    (recipe,) = fenced(LAYOUT, "python")
    exec(recipe, {})
    (tmp_path / "images.csv").write_text("path,subject_id,population\n*/*.jpg,{folder},repaired\n")
    for name in ("p1/ä.jpg", "p2/ä.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    kinds = params.load(IngestImages, "ingest_images", PROJECT / "params.yaml")
    images, _ = inventory.take_inventory([Folder(tmp_path, "")], settings=kinds)
    scales = params.load(IngestRatings, "ingest_ratings", PROJECT / "params.yaml").scales
    said, _, refused = reading.read_ratings([Folder(tmp_path, "")], images, scales=scales)
    assert refused.num_rows == 0
    found = {(row["rater_id"], row["rater_role"], row["score"]) for row in said.to_pylist()}
    assert found == {("Dr. Weiß", "medical", 2.5), ("Dr. Weiß", "medical", 3), ("Parent 1", "lay", 4)}


def published(model: Any, block: Any) -> Any:
    return params.load(model, block, PUBLISHED_SETTINGS)


def test_the_published_settings_load() -> None:
    blocks = yaml.safe_load(PUBLISHED_SETTINGS.read_text())
    ours = yaml.safe_load((PROJECT / "params.yaml").read_text())
    assert set(blocks) == set(ours)
    for block in blocks:
        assert published(model_of(block), block)


def test_the_published_settings_are_the_papers() -> None:
    pairs = published(SymmetryPairs, "symmetry_pairs")
    assert pairs.most.clp == PairCounts(train=2298, validation=578, test=510)
    assert pairs.most.temporal == PairCounts(train=128_000, validation=29_000, test=31_000)
    shares = (pairs.train, pairs.validation, pairs.test)
    assert sum(shares) == pytest.approx(1)
    for sizes in ((2298, 578, 510), (128_000, 29_000, 31_000)):
        assert shares == pytest.approx([size / sum(sizes) for size in sizes], abs=0.02)
    training = published(SymmetryTrain, "symmetry_train")
    assert (training.input_size, training.width, training.patience_epochs) == (224, 1, 3)
    assert training.evaluate_every == 2298 // training.batch_size
    assert training.initial_weights == "mobilenet_v2_imagenet"


def test_the_published_warp_is_clp_against_untouched_faces() -> None:
    settings = published(SymmetryWarp, "symmetry_warp")
    couples = [draw_plans(f"{n:064x}", settings=settings, exemplars=None) for n in range(20)]
    assert {(len(c), c[0][0].kind, c[0][1].kind, c[0][1].method) for c in couples} == {(1, "untouched", "clp", "mesh")}


def test_the_published_training_runs() -> None:
    """On toy pairs with a small network; everything that needs real faces left out."""
    settings = published(SymmetryTrain, "symmetry_train").model_dump()
    small = {"initial_weights": "random", "width": 0.25, "input_size": 32, "threads": 1, "steps": 4, "batch_size": 8}
    trained = small_training(**(settings | small | {"evaluate_every": 2}))
    assert trained.steps == 4
    assert trained.curves.num_rows == 2


def test_the_published_tables_are_those_of_the_report() -> None:
    text = (PROJECT / "docs/published-tables.md").read_text()
    cells = [list(map(float, row)) for row in re.findall(r"(?:accuracy|precision)" + r" \| ([\d.]+)" * 4, text)]
    expected = [
        [*own[metric].values(), own[f"weighted_{metric}"]]
        for own in PUBLISHED.values()
        for metric in ("accuracy", "precision")
    ]
    assert cells == expected
    for role in ("medical", "lay"):
        clp, temporal = (PUBLISHED[name]["pearson"][role] for name in ("clp", "temporal"))
        assert f"| {clp} (CLP), {temporal} (temporal) | `symmetry.strategies.<strategy>.ratings.{role}.pearson`" in text
    assert f"| {FLEISS_KAPPA} | `raters.fleiss_kappa`" in text


def metrics_paths() -> list[str]:
    """The places in metrics.json that docs/published-tables.md names, spelt out; `.x` stands beside the one before."""
    paths: list[str] = []
    for name in re.findall(r"`((?:symmetry|raters)?\.[\w.<>]+)`", (PROJECT / "docs/published-tables.md").read_text()):
        if not name.endswith((".md", ".py", ".json", ".yaml")):
            paths.append(paths[-1].rsplit(".", 1)[0] + name if name.startswith(".") else name)
    spelt = [p.replace("<strategy>", s) for p in paths for s in PUBLISHED]
    return sorted({p.replace("<split>", s) for p in spelt for s in ("train", "validation", "test")})


def test_the_metrics_that_the_published_tables_name_are_there() -> None:
    study = draw_study()
    metrics = evaluate(study.pairs, study.scores, study.ratings, study.references, SETTINGS).metrics
    paths = metrics_paths()
    assert len(paths) > 20
    for path in paths:
        found = metrics
        for key in path.split("."):
            assert key in found, path
            found = found[key]


def test_metrics_name_no_person_and_no_picture() -> None:
    """docs/raw-layout.md, Privacy: metrics.json may be in git."""
    study = draw_study()
    metrics = evaluate(study.pairs, study.scores, study.ratings, study.references, SETTINGS).metrics
    text = json.dumps(metrics)
    assert not re.search(r"(patient|control|image)-\d", text)


def test_prefect_forgets_events_when_the_stewards_page_says_it_does() -> None:
    server = get_current_settings().server
    assert type(server.events)().retention_period == timedelta(days=7)
    vacuum = type(server.services.db_vacuum)()
    assert "events" in vacuum.enabled_vacuum_types
    assert vacuum.loop_seconds == timedelta(hours=1).total_seconds()


@pytest.mark.parametrize("name", ["params.yaml", "docs/published.yaml"])
def test_whoever_reads_the_numbers_is_not_sent_to_source_code(name: str) -> None:
    assert not re.findall(r"\b(?:tasks|flows)/\S+", (PROJECT / name).read_text(encoding="utf-8"))
