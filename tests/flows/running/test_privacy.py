"""What a project holds of people is its owner's alone, whatever the umask; a group's where the project says so."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.running import privacy
from tasks.store import sharing
from tests.strangers import as_stranger, needs_root, open_folder


@pytest.fixture(autouse=True)
def usual_umask() -> Any:
    old = os.umask(0o022)
    yield
    os.umask(old)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """As an earlier version left it."""
    (tmp_path / ".dvc/cache/files").mkdir(parents=True)
    (tmp_path / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (tmp_path / "data/added").mkdir(parents=True)
    (tmp_path / "data/added/p1.png").write_text("a face")
    (tmp_path / "data/link").symlink_to("/etc/passwd")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_closed_and_what_is_written_is(project: Path) -> None:
    privacy.settle(project)
    (project / "page.html").write_text("of a face")
    (project / "pages").mkdir()
    assert [mode(project / name) for name in ("data", ".dvc", "pages")] == [0o700] * 3
    assert mode(project / "page.html") == 0o600
    assert mode(project / "data/added/p1.png") == 0o644  # nobody gets there; `mend` closes it


def test_a_project_made_before_is_mended(project: Path) -> None:
    passwd = mode(Path("/etc/passwd"))
    found = privacy.mend(project)
    assert {project / "data", project / "data/added/p1.png", project / ".dvc/cache/files"} <= set(found)
    assert mode(project / "data/added/p1.png") == 0o600
    assert mode(project / ".dvc/cache/files") == 0o700
    assert privacy.mend(project) == []
    assert mode(Path("/etc/passwd")) == passwd


@pytest.mark.parametrize("said", ["[cache]\n    shared = group\n", '[cache]\nshared="group"\n[remote "x"]\nurl = /x\n'])
def test_a_group_reads_where_dvc_shares_the_cache_with_it(project: Path, said: str) -> None:
    (project / ".dvc/config").write_text(said)
    (project / "data").chmod(0o2775)
    privacy.settle(project)
    (project / "data/new").write_text("a face")
    assert mode(project / "data") == 0o2770
    assert mode(project / "data/new") == 0o660


def test_a_config_that_cannot_be_read_shares_nothing(project: Path) -> None:
    (project / ".dvc/config").write_text("no = section\n")
    assert privacy.forbidden(project) == 0o077


@pytest.mark.parametrize("command", [["-m", "flows", "ingest_nothing"], ["-m", "flows.cli", "results"]])
def test_commands_and_stages_begin_with_it(project: Path, command: Any) -> None:
    code = "import sys; from flows.cli import main; sys.argv = ['vermilion', 'artifacts']; main()"
    command = ["-c", code] if "flows.cli" in command else command
    subprocess.run([sys.executable, *command], cwd=project, capture_output=True, check=False, timeout=120)
    assert mode(project / "data") == mode(project / ".dvc") == 0o700


@needs_root
def test_another_account_reads_nothing(project: Path) -> None:
    with open_folder() as folder:
        (folder / "data").mkdir()
        (folder / "data/face.png").write_text("a face")
        assert as_stranger((folder / "data/face.png").read_text) == "a face"
        privacy.settle(folder)
        assert isinstance(as_stranger((folder / "data/face.png").read_text), PermissionError)


def test_a_shared_store_gives_what_its_folder_gives(tmp_path: Path) -> None:
    """Several accounts share it; each of them writes with its own umask."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o2770)
    (tmp_path / "result").write_text("rows")
    os.umask(0o077)
    sharing.write(str(tmp_path / "shared"), "references/stage/k.json", b"{}")
    sharing.upload(f"file://{tmp_path}/shared", "objects/ab/abcd.parquet", tmp_path / "result")
    assert mode(tmp_path / "shared/references/stage/k.json") == 0o660
    assert mode(tmp_path / "shared/objects/ab/abcd.parquet") == 0o660
    assert mode(tmp_path / "shared/objects/ab") == mode(tmp_path / "shared/references") == 0o2770
