"""The digest of the code is remembered, and made again as soon as a source may be another one."""

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from flows.buckets import code
from tasks.base import digests

NAME = "tasks.zz_code"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of `tasks` in a folder of its own, whose `work` imports `other`."""
    folder = tmp_path / "zz_code"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "work.py").write_text(f"from {NAME} import other\nANSWER = other.ANSWER\n")
    (folder / "other.py").write_text("ANSWER = 1\n")
    import tasks

    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]


@pytest.fixture
def work(package: Path) -> ModuleType:
    return importlib.import_module(f"{NAME}.work")


def test_it_is_the_same_and_parsed_once(work: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    right = digests.code_digest(work)
    assert code.code_digest(work) == right
    monkeypatch.setattr(digests, "code_digest", None)
    monkeypatch.setattr(digests, "modules_of", None)
    assert code.code_digest(work) == right


@pytest.mark.parametrize("name", ["work.py", "other.py"])
def test_a_source_that_changed_is_parsed_again(work: ModuleType, package: Path, name: str) -> None:
    before = code.code_digest(work)
    (package / name).write_text((package / name).read_text() + "MORE = 1\n")
    assert code.code_digest(work) == digests.code_digest(work) != before


def test_a_copied_project_has_its_own_digest(
    work: ModuleType, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered is copied with it, and the first one's sources are still there, as they were."""
    import tasks

    before = code.code_digest(work)
    copy = tmp_path / "copy"
    shutil.copytree(package, copy / "zz_code")
    (copy / "zz_code/other.py").write_text("ANSWER = 2\n")
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__[:-1], str(copy)])
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]
    importlib.invalidate_caches()
    copied = importlib.import_module(f"{NAME}.work")
    assert code.code_digest(copied) == digests.code_digest(copied) != before


def test_a_project_that_shares_the_modules_by_a_link_parses_nothing(
    work: ModuleType, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tasks

    before = code.code_digest(work)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/zz_code").symlink_to(package)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__[:-1], str(tmp_path / "other")])
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]
    importlib.invalidate_caches()
    shared = importlib.import_module(f"{NAME}.work")
    assert shared.__file__ != work.__file__
    monkeypatch.setattr(digests, "code_digest", None)
    assert code.code_digest(shared) == before


def test_a_comment_makes_no_other_digest(work: ModuleType, package: Path) -> None:
    before = code.code_digest(work)
    (package / "work.py").write_text("# a remark\n" + (package / "work.py").read_text())
    assert code.code_digest(work) == before


def test_a_source_that_comes_beside_is_seen(work: ModuleType, package: Path) -> None:
    (package / "work.py").write_text(f"from {NAME} import other\nfrom {NAME} import later\n")
    before = code.code_digest(work)
    (package / "later.py").write_text("LATER = 1\n")
    importlib.invalidate_caches()
    assert code.code_digest(work) == digests.code_digest(work) != before


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "7", '{"WORK": 1}', '{"WORK": {"files": 1, "state": "x"}}', '{"WORK": {"state": "x"}}']
)
def test_what_is_damaged_is_made_again(work: ModuleType, tmp_path: Path, damage: str) -> None:
    right = code.code_digest(work)
    (tmp_path / "home" / code.FILE).write_text(damage.replace("WORK", os.path.realpath(str(work.__file__))))
    assert code.code_digest(work) == right
    assert code.code_digest(work) == right


def test_where_nothing_can_be_written_it_is_parsed_each_time(work: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file in the way")
    assert code.code_digest(work) == digests.code_digest(work)
