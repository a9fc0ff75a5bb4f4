"""What several tests look at: a drawn face that equals its mirror image, a project that has run, a Prefect server."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as in flows; before torch is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many workers as cores: two threads each are slower than one

import cv2
import numpy as np
import pytest
from filelock import FileLock

from tests import ready
from tests.built import make_built
from tests.server import prefect_server

SIZE = 400
JAW = [(-0.82, 0.01), (-0.82, 0.23), (-0.79, 0.45), (-0.75, 0.66), (-0.66, 0.86), (-0.53, 1.03), (-0.37, 1.17)]
JAW += [(-0.20, 1.28), (0, 1.315)]
BROW = [(-0.665, -0.15), (-0.565, -0.24), (-0.42, -0.27), (-0.27, -0.245), (-0.13, -0.19)]
EYE = [(-0.50, 0.0), (-0.41, -0.05), (-0.305, -0.05), (-0.21, 0.02), (-0.31, 0.04), (-0.415, 0.038)]
NOSE = [(0, -0.02), (0, 0.12), (0, 0.26), (0, 0.405)]
BASE = [(-0.167, 0.50), (-0.087, 0.53), (0, 0.555)]
UPPER = [(-0.32, 0.765), (-0.20, 0.715), (-0.08, 0.69), (0, 0.708)]
LOWER = [(-0.205, 0.853), (-0.095, 0.907), (0, 0.918)]
INNER_UPPER = [(-0.27, 0.768), (-0.09, 0.762), (0, 0.766)]
INNER_LOWER = [(-0.09, 0.784), (0, 0.788)]
_LONGEST = """
pipeline/test_pipeline bench/test_smoke flows/serving/test_serving pipeline/test_journey pipeline/test_kills
flows/stages/test_absent flows/serving/test_rebuild pipeline/test_changes pipeline/test_offline pipeline/test_newcomer
flows/stewards/test_withdrawal pipeline/test_earlier_network flows/stewards/test_withdrawal_whole
flows/running/test_clusters pipeline/test_locks flows/stewards/test_stewardship flows/running/test_warm
pipeline/test_bad_input flows/buckets/test_crash_points flows/repository/test_collect flows/running/test_processes
flows/running/test_tracking base/test_inception base/test_hostile flows/repository/test_verified
flows/stages/test_chapters flows/stewards/test_changing flows/stages/test_anomaly flows/cli/test_inpaint
symmetry/test_training synthesis/test_training synthesis/test_classifiers synthesis/test_hostile_parts
synthesis/test_screening flows/serving/test_postgres
"""
LONGEST = _LONGEST.split()
"""Files by the time they take in `make test` or `make long`. A worker takes a whole file, so the last are short."""


def pytest_configure(config: pytest.Config) -> None:
    """A shell that starts the tests in the background has them ignore Ctrl-C; what they start would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # pytest's own process, before its workers
        ready.begin()
    gc.disable()  # until everything is collected


def pytest_collection_finish() -> None:
    """Python's collector leaves alone what was imported, which stays: to look at it costs half a second each time."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_unconfigure() -> None:
    """Libraries complain at Python's end of what nobody collected."""
    gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others as they stand. Tests on real photographs are skipped where there are none."""
    here = Path(__file__).parent
    place = {here / f"{name}.py": number for number, name in enumerate(LONGEST)}
    assert all(path.exists() for path in place)
    items.sort(key=lambda item: place.get(item.path, len(place)))
    if "VERMILION_REAL" not in os.environ:
        for item in items:
            if item.get_closest_marker("real"):
                item.add_marker(pytest.mark.skip(reason="VERMILION_REAL names no folder of real photographs"))


@dataclass(frozen=True)
class Face:
    """A picture and its 68 landmarks."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray  # (68, 2) px

    @property
    def mouth_width(self) -> float:
        return float(np.hypot(*(self.landmarks[54] - self.landmarks[48])))


def across(half: list[tuple[float, float]], *, back: bool = False) -> list[tuple[float, float]]:
    """A row of points from one side over the middle to the other; `back`: the far side alone, outside first."""
    far = [(-x, y) for x, y in reversed(half) if x != 0]
    return far if back else half + far


def shape() -> np.ndarray:
    """68 points, symmetric about x = 0; 1 is the distance of the outer eye corners."""
    other_eye = [(-EYE[i][0], EYE[i][1]) for i in (3, 2, 1, 0, 5, 4)]
    lower = [(-x, y) for x, y in LOWER[:2]] + LOWER[::-1]
    points = across(JAW) + across(BROW) + NOSE + across(BASE) + EYE + other_eye + across(UPPER)
    points += lower + across(INNER_UPPER) + [(0.09, 0.784), (0, 0.788), (-0.09, 0.784)]
    return np.array(points, float)


@pytest.fixture(scope="session")
def even_face() -> Face:
    """400 x 400, mirror-symmetric about x = 199.5: textured skin and lips."""
    landmarks = shape() * 0.32 * SIZE + [(SIZE - 1) / 2, 0.4 * SIZE]
    rng = np.random.default_rng(0)
    skin = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE, 3)).astype(np.float32), (0, 0), 2) * 60 + [190, 150, 130]
    image = np.clip(skin, 0, 255).astype(np.uint8)
    lips = np.concatenate([landmarks[48:55], landmarks[[55, 56, 57, 58, 59]]])
    cv2.fillPoly(image, [np.round(lips * 16).astype(np.int32)], (170, 70, 80), cv2.LINE_AA, 4)
    cv2.polylines(image, [np.round(landmarks[60:65] * 16).astype(np.int32)], False, (60, 20, 20), 2, cv2.LINE_AA, 4)
    image[:, SIZE // 2 :] = image[:, : SIZE // 2][:, ::-1]
    return Face(image, landmarks)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A small project after its first run, committed. For looking at: whoever changes something copies it.

    Built once for all of pytest's workers: the first that asks builds, the others wait. By `vermilion rebuild`, whose
    stages start at once; tests that compare with it run `dvc repro`.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    folder = shared / "built/project"
    with FileLock(shared / "built.lock"):
        if not (shared / "built/whole").exists():
            shutil.rmtree(shared / "built", ignore_errors=True)
            make_built(folder)
            (shared / "built/whole").touch()
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a real Prefect server, one per file: while nothing asks it, it takes 2 % of a core."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as url:
        yield url
