"""What DVC makes of a project is read once, for as long as the project's files are as they were."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from flows.repository import looking
from flows.stewards.withdrawal.dvc_outs import open_project
from tasks.errors import InputError
from tests.project import run
from tests.stewards import draw

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


def test_dvc_reads_a_project_once_until_a_file_of_its_own_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    opened = looking.opened

    def counted(folder: Path) -> AbstractContextManager[Any]:
        read.append(folder)
        return opened(folder)

    monkeypatch.setattr(looking, "opened", counted)
    first = open_project(root)
    assert open_project(root) == first
    (root / "data/raw/mine/ratings.csv").write_text("changed")
    assert open_project(root) == first
    assert len(read) == 1
    draw(root / "more/new.png")
    run(root, "dvc", "add", "more/new.png")
    assert set(open_project(root).steps) - set(first.steps) == {"more/new.png.dvc"}
    (root / "dvc.yaml").write_text("stages: [")
    with pytest.raises(InputError, match="DVC cannot read this project"):
        open_project(root)
    assert len(read) == 3
