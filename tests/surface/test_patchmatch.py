"""Patch-match without a GPU: COLMAP reads the workspace, true depths are fused to the egg, the rest is refused.

The depths that a GPU would find are written here as they are known of the egg, by COLMAP's own format.
"""

from pathlib import Path

import numpy as np
import pycolmap
import pytest

from tasks.base import images
from tasks.errors import InputError
from tasks.space.views import View
from tasks.surface.dense.patchmatch import cloud_by_patch_match, fused, neighbours, workspace
from tests.surface.eggs import AXES, DENSE, HEIGHT, WIDTH, beyond, views

MIDDLE = np.zeros(3)


def write(path: Path, values: np.ndarray) -> None:
    """A map as COLMAP has it: its size as text, then float32 channel by channel."""
    height, width, channels = values.shape
    path.write_bytes(f"{width}&{height}&{channels}&".encode() + values.transpose(2, 0, 1).astype("<f4").tobytes())


def write_depths(folder: Path) -> None:
    """What a GPU would find, with the truth in it."""
    for number, view in enumerate(views()):
        depth, directions = true_of(view)
        write(folder / f"stereo/depth_maps/{number:04d}.png.geometric.bin", depth)
        write(folder / f"stereo/normal_maps/{number:04d}.png.geometric.bin", directions)


def true_of(view: View) -> tuple[np.ndarray, np.ndarray]:
    """The egg's depth (H, W, 1) mm and directions (H, W, 3) in the camera's axes; 0 beside it."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    rays = view.camera.rays(np.column_stack([columns.ravel(), rows.ravel()]).astype(float))
    start, ahead = view.camera.centre / AXES, rays / AXES
    a, b, c = (ahead**2).sum(1), ahead @ start, start @ start - 1
    square = b * b - a * c
    hit = (square > 0)[:, None]
    places = view.camera.centre + ((-b - np.sqrt(np.maximum(square, 0))) / a)[:, None] * rays
    outwards = places / AXES**2
    outwards = outwards / np.linalg.norm(outwards, axis=1, keepdims=True) @ view.camera.rotation.T
    depth = view.camera.seen(places)[:, 2:]
    return np.where(hit, depth, 0).reshape(HEIGHT, WIDTH, 1), np.where(hit, outwards, 0).reshape(HEIGHT, WIDTH, 3)


def test_colmap_reads_the_workspace_and_names_no_photograph(tmp_path: Path) -> None:
    workspace(tmp_path, views(), MIDDLE, settings=DENSE)
    scene = pycolmap.Reconstruction(tmp_path / "sparse")
    assert scene.num_reg_images() == len(views())
    for number, view in enumerate(views(), 1):
        pose, lens = scene.image(number).cam_from_world(), scene.camera(number)
        assert np.allclose(pose.rotation.matrix(), view.camera.rotation)
        assert np.allclose(pose.translation, view.camera.translation)
        assert lens.params.tolist() == [view.camera.matrix[row] for row in ((0, 0), (1, 1), (0, 2), (1, 2))]
        assert (images.read(tmp_path / f"images/{number - 1:04d}.png") == view.image).all()
    assert not [path for path in tmp_path.rglob("*") if path.name in {view.name for view in views()}]
    lines = (tmp_path / "stereo/patch-match.cfg").read_text().splitlines()
    assert lines[0::2] == [f"{number:04d}.png" for number in range(len(views()))]
    assert all(near and one not in near for one, near in zip(lines[0::2], lines[1::2], strict=True))
    assert lines[1].startswith("0001.png, 0002.png")


def test_true_depths_are_fused_to_the_egg(tmp_path: Path) -> None:
    workspace(tmp_path, views(), MIDDLE, settings=DENSE)
    write_depths(tmp_path)
    cloud = fused(tmp_path, MIDDLE, settings=DENSE)
    assert 1000 < len(cloud.points) < 6000
    assert np.median(np.abs(beyond(cloud.points))) < 0.05  # of a pixel of 1 mm: half of one aside it would be 0.24
    outwards = cloud.points / AXES**2
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    assert (outwards * cloud.directions).sum(axis=1).min() > 0.99
    again = fused(tmp_path, MIDDLE, settings=DENSE)
    assert again.points.tobytes() == cloud.points.tobytes()


def test_depths_that_agree_nowhere_make_no_surface(tmp_path: Path) -> None:
    workspace(tmp_path, views(), MIDDLE, settings=DENSE)
    for number in range(len(views())):
        write(tmp_path / f"stereo/depth_maps/{number:04d}.png.geometric.bin", np.zeros((HEIGHT, WIDTH, 1)))
        write(tmp_path / f"stereo/normal_maps/{number:04d}.png.geometric.bin", np.zeros((HEIGHT, WIDTH, 3)))
    with pytest.raises(InputError, match="no surface on which they agree"):
        fused(tmp_path, MIDDLE, settings=DENSE)


def test_the_whole_way_but_for_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def match(folder: Path, options: pycolmap.PatchMatchOptions) -> None:
        assert 400 < options.depth_min < 600 - AXES.max()
        assert 600 + AXES.max() / 2 < options.depth_max < 700
        write_depths(folder)

    monkeypatch.setattr(pycolmap, "patch_match_stereo", match)
    cloud = cloud_by_patch_match(views(), MIDDLE, settings=DENSE)
    assert np.median(np.abs(beyond(cloud.points))) < 0.05


def test_what_colmap_cannot_run_is_refused_with_its_words() -> None:
    if pycolmap.has_cuda:
        pytest.skip("this pycolmap has CUDA")
    with pytest.raises(InputError, match="COLMAP could not run it: .*requires CUDA.*; set dense: stereo"):
        cloud_by_patch_match(views(), MIDDLE, settings=DENSE)


def test_views_without_neighbours_are_refused() -> None:
    with pytest.raises(InputError, match="no two of 2 photographs look from a fit angle"):
        neighbours([views()[0], views()[6]], MIDDLE, DENSE)
