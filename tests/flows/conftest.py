"""What several tests look at: a project into which batches come."""

import shutil
from pathlib import Path

import pytest

from flows.running.elsewhere import DATABASES
from tests.project import environment
from tests.stewards import project


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one rated photograph, and nothing added."""
    return project(tmp_path_factory.mktemp("stewards") / "project")


@pytest.fixture
def root(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it for one test. No server, DVC's own files inside it."""
    copy = tmp_path / "project"
    shutil.copytree(fresh, copy, symlinks=True)
    for name, value in environment(copy).items():
        if name.startswith("DVC"):
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return copy


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Prefect's folder of a project for which the environment names no database."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    for name in DATABASES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path
