"""A scanned head, rendered in profile: found from both sides alike, and no longer when it turns away."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tasks.ingest.faces import profile
from tests.ingest.drawn import SETTINGS

pytestmark = pytest.mark.real
WALL = (200, 205, 210)
SIDE = 700


@pytest.fixture(scope="module")
def mesh() -> Any:
    """Vertices and triangles of the head."""
    draco = pytest.importorskip("DracoPy", reason="reads the head's compressed mesh")
    content = (Path(os.environ["VERMILION_REAL"]) / "head/head.glb").read_bytes()
    size = struct.unpack("<I", content[12:16])[0]
    described = json.loads(content[20 : 20 + size])
    packed = described["meshes"][0]["primitives"][0]["extensions"]["KHR_draco_mesh_compression"]["bufferView"]
    view = described["bufferViews"][packed]
    start = 28 + size + view.get("byteOffset", 0)
    found = draco.decode(content[start : start + view["byteLength"]])
    return np.asarray(found.points, float), np.asarray(found.faces).reshape(-1, 3)


def rendered(mesh: Any, yaw: float) -> np.ndarray:
    """The head turned by `yaw` degrees, its silhouette before a wall; -90 shows its left side."""
    points, faces = mesh
    angle = np.radians(yaw)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    turned = (points - (points.max(axis=0) + points.min(axis=0)) / 2) @ turn.T
    at = turned[:, :2] * [1, -1] * 0.8 * SIDE / np.ptp(turned[:, 1]) + SIDE / 2
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for triangle in np.rint(at[faces] * 16).astype(np.int32):
        cv2.fillConvexPoly(mask, triangle, 255, cv2.LINE_8, 4)
    share = cv2.GaussianBlur(mask, (0, 0), 0.7)[..., None] / 255
    return (np.array((190, 150, 130)) * share + np.array(WALL) * (1 - share)).astype(np.uint8)


def test_a_scanned_head_has_the_points_of_a_profile_from_either_side(mesh: Any) -> None:
    left = profile.find(rendered(mesh, -90), "left", settings=SETTINGS.profile)
    right = profile.find(rendered(mesh, 90), "right", settings=SETTINGS.profile)
    assert {"cervicale", "neck"} <= set(left.points)
    assert max(left.misfit, right.misfit) < 0.4
    for name, own in left.points.items():  # the person's own two sides share one outline
        there = right.points[name] * [-1, 1] + [SIDE - 1, 0]
        assert np.hypot(*(own - there)) / left.unit < 0.15, name
    down = [left.points[name][1] for name in profile.CHAIN]
    assert down == sorted(down)


@pytest.mark.parametrize(("yaw", "is_one"), [(-80, True), (-70, True), (-55, False), (-40, False), (0, False)])
def test_a_head_that_turns_to_the_camera_is_no_profile_any_more(mesh: Any, yaw: float, is_one: bool) -> None:
    try:
        profile.find(rendered(mesh, yaw), "left", settings=SETTINGS.profile)
    except profile.NoProfile:
        assert not is_one
    else:
        assert is_one
