"""What DVC says of a project is the same with a memory, and a file or folder is looked at once."""

from pathlib import Path

import pytest
from dvc.output import Output
from dvc.repo import Repo

from flows.repository.looking import at_once
from tests.project import make_project, run

PIPELINE = """stages:
  one: {cmd: cp here/a b, deps: [here], outs: [b]}
  two: {cmd: cp here/a c, deps: [here, b], params: [number], outs: [c]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "project", {})
    (folder / "here").mkdir()
    (folder / "here/a").write_text("1")
    (folder / "params.yaml").write_text("number: 1\n")
    (folder / "dvc.yaml").write_text(PIPELINE)
    run(folder, "dvc", "repro", "-q")
    return folder


def test_the_same_is_said_of_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert status() == {}
    for changed, text in (("here/b", "2"), ("params.yaml", "number: 2\n")):
        Path(changed).write_text(text)
        before = status()
        with at_once():
            assert status() == before
            assert status() == before
        assert before


def test_each_is_looked_at_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    looked: list[str] = []
    by_dvc = Output._get_hash_meta

    def counting(out: Output) -> object:
        looked.append(str(out))
        return by_dvc(out)

    monkeypatch.setattr(Output, "_get_hash_meta", counting)
    with at_once():
        status()
        status()
    assert sorted(looked) == ["b", "b", "c", "here"]  # b as what one stage makes, and as what the other reads
    status()
    assert len(looked) > 3


def status() -> object:
    with Repo() as repo:
        return repo.status()
