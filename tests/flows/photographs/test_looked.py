"""What was found in photographs is there after a kill, gone at the end; damaged files, other numbers do not count."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from flows import PROJECT
from flows.photographs import looked
from flows.photographs.looked import forget, looked_at
from tasks import params
from tasks.base.images import UnreadableImage
from tasks.params.ingest import IngestLandmarks
from tasks.surface.cameras.features import Features
from tests.surface.balls import SETTINGS

DETECTION = params.load(IngestLandmarks, "ingest_landmarks", PROJECT / "params.yaml")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "one.png"
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC))
    return path


def test_it_is_not_looked_at_twice(photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep, looks, own = tmp_path / "kept", [], looked._look

    def counted(*given: Any) -> Features:
        looks.append(given)
        return own(*given)

    monkeypatch.setattr(looked, "_look", counted)
    first = looked_at(photograph, keep, detection=DETECTION, settings=SETTINGS)
    again = looked_at(photograph, keep, detection=DETECTION, settings=SETTINGS)
    assert len(looks) == 1
    assert len(first.keypoints) > 20
    assert again.descriptors.tobytes() == first.descriptors.tobytes()
    assert keep.stat().st_mode & 0o777 == 0o700
    looked_at(photograph, keep, detection=DETECTION, settings=SETTINGS.model_copy(update={"most_features": 100}))
    assert len(looks) == 2
    for file in keep.iterdir():
        file.write_bytes(file.read_bytes()[:100])
    looked_at(photograph, keep, detection=DETECTION, settings=SETTINGS)
    assert len(looks) == 3
    forget(keep)
    assert not keep.exists()


def test_without_a_folder_nothing_is_kept_and_what_cannot_be_read_says_why(photograph: Path, tmp_path: Path) -> None:
    looked_at(photograph, None, detection=DETECTION, settings=SETTINGS)
    photograph.write_bytes(b"no picture")
    with pytest.raises(UnreadableImage, match="not a picture"):
        looked_at(photograph, tmp_path / "kept", detection=DETECTION, settings=SETTINGS)
    assert {path.name for path in tmp_path.iterdir()} == {"one.png"}
