"""Renders of a scanned head: angles, and sets that will do or not. And two people and two expressions of London."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks.base import images
from tasks.space.render import render
from tasks.space.rings import camera_around, ring
from tasks.surface.cameras.lens import UNKNOWN
from tasks.surface.capture.check import verdict_of
from tasks.surface.capture.shot import Shot, look
from tasks.surface.capture.verdict import Verdict, with_reasons
from tests.surface.capture.shots import DETECTION, SETTINGS, silent

pytestmark = pytest.mark.real
RING = ring(15, 90, ((0, 25), (0, -25), (-40, 25), (-40, -25), (40, 25), (40, -25)))
Place = tuple[float, float]


def shot(image: np.ndarray, name: str) -> Shot:
    return look(image, name, UNKNOWN, settings=SETTINGS, detection=DETECTION)


def said(shots: Sequence[Shot]) -> Verdict:
    return verdict_of(with_reasons(shots, settings=SETTINGS), lambda number: None, SETTINGS, silent)


@pytest.fixture(scope="module")
def pictures() -> Mapping[Place, np.ndarray]:
    pytest.importorskip("DracoPy", reason="reads the head's compressed mesh")
    from bench.heads import SOFT, scanned_head

    head = scanned_head(Path(os.environ["VERMILION_REAL"]))
    grey = np.full((900, 720, 3), 120, np.uint8)
    found = {}
    for yaw, pitch in RING:
        camera = camera_around(yaw, pitch, centre=np.zeros(3), distance=700, focal=1800, width=720, height=900)
        found[yaw, pitch] = render(head.surface, camera, paint=head.paint, light=SOFT, background=grey).image
    return found


@pytest.fixture(scope="module")
def shots(pictures: Mapping[Place, np.ndarray]) -> Mapping[Place, Shot]:
    return {place: shot(image, f"{place[0]:+.0f}{place[1]:+.0f}.png") for place, image in pictures.items()}


def test_the_whole_ring_will_do_and_angles_are_right(shots: Mapping[Place, Shot]) -> None:
    verdict = said(list(shots.values()))
    assert verdict.fits, verdict.faults
    assert all(row.held for row in verdict.rows)
    found = np.array([(row.angle.yaw, row.angle.pitch) for row in verdict.rows if row.angle])
    assert len(found) == len(shots)
    assert np.abs(found - list(shots)).max(axis=0) == pytest.approx([0, 0], abs=7)


def test_thirty_degrees_alone_will_not_do(shots: Mapping[Place, Shot]) -> None:
    verdict = said([shots[yaw, 0] for yaw in range(-90, 91, 30)])
    assert "one every 15 degrees" in verdict.line


def test_the_papers_least_will_not_do(shots: Mapping[Place, Shot]) -> None:
    places = [(0, 0), (-45, 0), (45, 0), (-75, 0), (75, 0), (0, 25), (0, -25)]
    assert not said([shots[place] for place in places]).fits


def test_a_side_that_is_missing_is_named(shots: Mapping[Place, Shot]) -> None:
    verdict = said([one for (yaw, _), one in shots.items() if yaw < 20])
    assert "on the patient's left: take three more there" in verdict.line


def test_poor_ones_are_told(pictures: Mapping[Place, np.ndarray], shots: Mapping[Place, Shot]) -> None:
    front, aside = pictures[0, 0], pictures[90, 0]
    poor = {
        "blurred": cv2.GaussianBlur(front, (0, 0), 2.5),
        "too dark": (front * 0.25).astype(np.uint8),
        "burnt out": np.clip(front * 2.5, 0, 255).astype(np.uint8),
        "the head is upside down": np.ascontiguousarray(front[::-1, ::-1]),
        "the head leans": np.ascontiguousarray(np.rot90(aside)),
    }
    rows = said([*shots.values(), *(shot(image, name) for name, image in poor.items())]).rows
    assert [row.shot.name for row in rows if row.reason] == list(poor)
    assert all(str(row.reason).startswith(row.shot.name) for row in rows if row.reason)


def test_another_person_among_them_is_told(shots: Mapping[Place, Shot]) -> None:
    files = sorted((Path(os.environ["VERMILION_REAL"]) / "london/neutral").glob("*.jpg"))[:4]
    others = [shot(images.read(file), file.name) for file in files]
    verdict = said([*shots.values(), *others])
    assert verdict.faults[0].startswith("two people")
    assert [row.shot.name for row in verdict.rows if row.reason] == [file.name for file in files]


def test_a_smile_among_three_is_told() -> None:
    """The same photographs again stand for two more at rest."""
    real = Path(os.environ["VERMILION_REAL"]) / "london"
    told = 0
    for number in ("001", "002", "003", "004", "005", "006"):
        rest = shot(images.read(real / f"neutral/{number}_03.jpg"), "rest")
        smile = shot(images.read(real / f"smiling/{number}_08.jpg"), "smile")
        rows = said([rest, replace(rest, name="again"), smile]).rows
        assert not any(row.reason for row in rows[:2])
        told += "another expression" in str(rows[2].reason)
    assert told >= 4
