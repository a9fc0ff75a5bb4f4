"""The scanned head stands upright, in millimetres, with its texture on it."""

import os
from pathlib import Path

import numpy as np
import pytest

from tasks.space.render import render
from tasks.space.rings import camera_around

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("VERMILION_REAL" not in os.environ, reason="VERMILION_REAL names no folder of real data"),
]


def test_a_scanned_head_has_the_size_of_a_head_and_red_lips() -> None:
    pytest.importorskip("DracoPy", reason="reads the head's compressed mesh")
    from bench.heads import SOFT, scanned_head

    head = scanned_head(Path(os.environ["VERMILION_REAL"]))
    vertices = head.surface.vertices
    skull = vertices[np.abs(vertices[:, 1] - 50) < 5]
    assert 145 < np.ptp(skull[:, 0]) < 165  # breadth, euryon to euryon
    camera = camera_around(0, 0, centre=np.zeros(3), distance=700, focal=1500, width=480, height=600)
    found = render(head.surface, camera, paint=head.paint, light=SOFT)
    column, row = np.rint(camera.project(np.array([[0, -65.0, 110]]))[0]).astype(int)
    red, green, _ = found.image[row - 15 : row + 15, column].astype(int).T
    assert (red - green).max() > 60
    assert abs(int(np.nanmedian(found.depth[:, column])) - 600) < 40  # the face, not the back of the head
