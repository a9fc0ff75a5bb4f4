"""A stage's one dear result: made once, and a making that is cut off goes on from its checkpoint."""

from pathlib import Path
from typing import Any

import pytest

from flows.buckets import store
from flows.buckets.training import leave, recall_or_train
from flows.running import cards
from tasks.schemas.symmetry import DISTANCES
from tasks.store.artifacts import Store

RECORD = {"stage": "trained", "parameters": {"steps": 3}}


class Training:
    """Three steps, each written into the checkpoint; `dies_at` cuts it off once."""

    def __init__(self, dies_at: int | None) -> None:
        self.dies_at = dies_at
        self.taken: list[int] = []

    def __call__(self, checkpoint: Path, report: Any) -> object:
        first = int(checkpoint.read_text()) if checkpoint.exists() else 0
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        for step in range(first, 3):
            if step == self.dies_at:
                self.dies_at = None
                raise KeyboardInterrupt
            self.taken.append(step)
            checkpoint.write_text(str(step + 1))
            report(step + 1, 3)
        return DISTANCES.table([])


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(store, "STORE", tmp_path / "store")
    monkeypatch.setattr(cards, "FOLDER", tmp_path / "cards")
    return tmp_path / "store/checkpoints/trained"


def test_a_result_is_made_once_and_its_checkpoint_goes(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    training = Training(None)
    for _ in range(2):
        assert recall_or_train(RECORD, DISTANCES, training).num_rows == 0
    assert training.taken == [0, 1, 2]
    assert not list(checkpoints.iterdir())
    assert capsys.readouterr().out.splitlines() == ["trained: computing", "trained: reused"]


def test_a_making_that_is_cut_off_goes_on_from_its_checkpoint(checkpoints: Path) -> None:
    training = Training(2)
    with pytest.raises(KeyboardInterrupt):
        recall_or_train(RECORD, DISTANCES, training)
    assert len(list(checkpoints.iterdir())) == 1
    recall_or_train({**RECORD, "parameters": {"steps": 4}}, DISTANCES, Training(None))  # of others, never
    recall_or_train(RECORD, DISTANCES, training)
    assert training.taken == [0, 1, 2]
    assert not list(checkpoints.iterdir())


def test_the_checkpoint_stays_until_the_result_is_in_the_store(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(OSError, match="No space left"):
        recall_or_train(RECORD, DISTANCES, Training(None))
    assert len(list(checkpoints.iterdir())) == 1


def test_files_are_left_in_their_folders_and_nothing_earlier_stays(tmp_path: Path) -> None:
    leave(tmp_path, {"weights": b"w", "samples/0.png": b"p"})
    leave(tmp_path, {"weights": b"new", "samples/1.png": b"q"})
    found = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"weights": b"new", "samples/1.png": b"q"}
