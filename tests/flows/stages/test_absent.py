"""Data that nobody has all of: every stage ends well, the rest runs, and the report says what is missing.

Each case also switches one system off, so that both are seen together.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.here import stages, vermilion
from tests.own_data import everything, own_project
from tests.project import SMALL, copy_project, make_project, repro, set_number

Line = dict[str, str]
CLIPS = (".avi", ".mp4", ".mkv")


@pytest.fixture(scope="module")
def drawn(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project whose data set is drawn and whose store has what the small project computed of it."""
    folder = make_project(tmp_path_factory.mktemp("drawn") / "project", SMALL)
    shutil.copytree(built / "data/raw", folder / "data/raw", dirs_exist_ok=True)
    shutil.copytree(built / "data/.artifacts", folder / "data/.artifacts")
    (folder / ".prefect").mkdir(exist_ok=True)
    shutil.copy(built / ".prefect/code.json", folder / ".prefect")
    return folder


def case(drawn: Path, folder: Path, keep: Callable[[Line], bool], *, off: str, rated: bool = True) -> Path:
    own_project(drawn, folder, keep, rated=rated)
    set_number(folder, "systems", off, False)
    return folder


def reasons(folder: Path) -> dict[str, str]:
    """By chapter, why it measured nothing, as metrics.json has it; the page and the results have to say the same.

    Three dimensions, which none of them has, are asked here.
    """
    metrics = json.loads((folder / "data/reports/metrics.json").read_text())
    found = {name: own["reason"] for name, own in metrics.items() if own.get("reason") and name != "closest"}
    page = re.sub(r"\s+", " ", (folder / "data/reports/index.html").read_text())
    told = json.loads(vermilion(folder, "results", "--json").stdout)
    for name, reason in found.items():
        assert reason in page
        assert told["not_measured"][name] == reason
        assert name not in told
    unseen = found.pop("surface")  # none of these projects has photographs of a visit from several sides
    assert "no photographs from several sides" in unseen or "names no image" in unseen
    return found


def test_controls_and_repaired_without_clips(drawn: Path, tmp_path: Path) -> None:
    said = everything(case(drawn, tmp_path / "p", lambda line: not line["path"].endswith(CLIPS), off="synthesis"))
    assert "symmetry_train@temporal: nothing to do: no usable clips of controls: add some" in said
    assert set(reasons(tmp_path / "p")) == {"synthesis"}
    metrics = json.loads((tmp_path / "p/data/reports/metrics.json").read_text())
    assert list(metrics["symmetry"]["strategies"]) == ["clp"]
    assert "Lip pose was not measured: no usable clips" in (tmp_path / "p/data/reports/index.html").read_text()


@pytest.mark.long
def test_without_unrepaired(drawn: Path, tmp_path: Path) -> None:
    said = everything(case(drawn, tmp_path / "p", lambda line: line["population"] != "unrepaired", off="anomaly"))
    assert "synthesis_train@pre: nothing to do: no photograph of a patient before repair to learn from" in said
    assert reasons(tmp_path / "p") == {"anomaly": "anomaly is off; write anomaly: true under systems in params.yaml"}
    metrics = json.loads((tmp_path / "p/data/reports/metrics.json").read_text())
    assert metrics["synthesis"]["funnel"]["post"]["drawn"] == SMALL["synthesis_prompts"]["count"]
    assert metrics["synthesis"]["funnel"]["pre"] == {"asked_for": 0}
    assert "before repair were not drawn: no photograph" in (tmp_path / "p/data/reports/index.html").read_text()


def test_controls_alone(drawn: Path, tmp_path: Path) -> None:
    everything(case(drawn, tmp_path / "p", lambda line: line["population"] == "control", off="symmetry"))
    found = reasons(tmp_path / "p")
    assert set(found) == {"symmetry", "synthesis", "inpainting"}
    assert "nobody to fill: there is no photograph of a patient" in found["inpainting"]  # so few hold nobody out
    assert "add patients before repair" in found["synthesis"]


@pytest.mark.long
def test_without_ratings(drawn: Path, tmp_path: Path) -> None:
    folder = case(drawn, tmp_path / "p", lambda line: line["population"] != "unrepaired", off="synthesis", rated=False)
    everything(folder)
    assert set(reasons(folder)) == {"synthesis"}
    metrics = json.loads((folder / "data/reports/metrics.json").read_text())
    assert metrics["raters"]["n_ratings"] == 0
    assert metrics["symmetry"]["strategies"]["clp"]["binary"]["test"]["auc"]["value"] is not None
    assert "Nobody rated a photograph that was scored" in (folder / "data/reports/index.html").read_text()


def test_five_people(drawn: Path, tmp_path: Path) -> None:
    people = {"control": 1, "repaired": 3, "unrepaired": 1}
    seen: dict[str, set[str]] = {name: set() for name in people}

    def keep(line: Line) -> bool:
        own = seen[line["population"]]
        if line["path"].endswith(CLIPS) or (len(own) == people[line["population"]] and line["subject_id"] not in own):
            return False
        own.add(line["subject_id"])
        return True

    everything(case(drawn, tmp_path / "p", keep, off="synthesis"))
    found = reasons(tmp_path / "p")
    assert set(found) == {"anomaly", "synthesis", "inpainting"}
    assert "8 are needed; add controls" in found["anomaly"]
    assert "8 are needed; add controls" in found["inpainting"]
    page = (tmp_path / "p/data/reports/index.html").read_text()
    assert "1 person: too few for the split into training, validation and test" in page


@pytest.mark.long
def test_what_is_absent_is_not_shown_from_an_earlier_run(drawn: Path, tmp_path: Path) -> None:
    """The outs of a stage that finds no data are emptied, also without DVC."""
    folder = case(drawn, tmp_path / "p", lambda line: True, off="synthesis")
    everything(folder)
    assert not reasons(folder).get("symmetry")
    images = folder / "data/raw/mine/images.csv"
    lines = images.read_text().splitlines(keepends=True)
    images.write_text("".join([lines[0], *(line for line in lines if ",control," not in line)]))
    set_number(folder, "systems", "anthropometry", False)  # it measures without having learned from anyone here
    everything(folder)
    assert not list((folder / "data/symmetry").rglob("model.safetensors"))
    assert not list((folder / "data/anomaly").rglob("generator.safetensors"))
    metrics = json.loads((folder / "data/reports/metrics.json").read_text())
    assert metrics["symmetry"]["strategies"] == {}
    done = vermilion(folder, "score", "any.jpg")
    assert (done.returncode, "no system can read a photograph" in done.stderr) == (2, True), done.stderr


@pytest.mark.long
def test_a_system_switched_on_again_runs_its_own_stages_alone(built: Path, tmp_path: Path) -> None:
    folder = copy_project(built, tmp_path / "project")
    set_number(folder, "systems", "anomaly", False)
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    own = {name for name in stages if name.startswith("anomaly_")} | {"report_first", "evaluate", "report"}
    assert ran(repro(folder)) == own
    assert set(reasons(folder)) == {"anomaly"}
    set_number(folder, "systems", "anomaly", True)
    again = repro(folder, "--no-run-cache")
    assert ran(again) == own
    assert "anomaly_generator: reused" in again
    assert reasons(folder) == {}
    assert (
        json.loads((folder / "data/reports/metrics.json").read_text())["anomaly"]
        == (json.loads((built / "data/reports/metrics.json").read_text())["anomaly"])
    )


def ran(said: str) -> set[str]:
    """The stages that DVC ran, without their matrix values."""
    return {name.partition("@")[0] for name in re.findall(r"Running stage '([^']+)'", said)}


def test_no_photographs_at_all(drawn: Path, tmp_path: Path) -> None:
    said = everything(own_project(drawn, tmp_path / "p", lambda line: False))
    assert "ingest_images: nothing to do: data/raw/mine/images.csv: names no image; add photographs or clips" in said
    silent = {"anomaly", "anthropometry", "fairness", "inpainting", "symmetry", "synthesis"}
    assert set(reasons(tmp_path / "p")) == silent


@pytest.mark.parametrize("name", ["symetry", "evaluate"])
def test_a_name_that_is_no_system_is_refused_with_the_known_ones(drawn: Path, tmp_path: Path, name: str) -> None:
    folder = own_project(drawn, tmp_path / "p", lambda line: False)
    numbers = yaml.safe_load((folder / "params.yaml").read_text())
    numbers["systems"][name] = False
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers))
    with pytest.raises(SystemExit) as refused:
        stages(folder, "symmetry_baselines")
    assert f"systems.{name}: no such system; " in str(refused.value)
    assert "there are: anomaly, anthropometry, fairness, inpainting, surface, symmetry, synthesis" in str(refused.value)
