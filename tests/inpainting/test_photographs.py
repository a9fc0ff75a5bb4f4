"""A photograph is filled under its mask and nowhere else, whatever file it came from; what cannot be filled is told."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from tasks.base import images
from tasks.inpainting.filling import FillError
from tasks.inpainting.network.generator import Generator
from tasks.inpainting.painted import read_mask
from tasks.inpainting.photographs import Filler, fill_photograph
from tasks.params.inpainting import InpaintingAlign, Network

ALIGN = {"size": 32, "crop": "eyes", "eye_distance": 11.5, "eye_height": 0.3, "max_outside": 0.5}
BORDER = {"feather": 0.02, "blur": 0.03, "min_eye_distance": 10}
NETWORK = {"width": 8, "halvings": 2, "blocks": 1, "dilation": 1, "mask_channel": True, "gated": True, "spread": 1}
HEIGHT, WIDTH = 181, 160


class Noise(Generator):
    """Draws noise, and sees the points where it is told."""

    def __init__(self, points: np.ndarray | None) -> None:
        super().__init__(Network.model_validate(NETWORK | {"landmarks": False}))
        self.points = points

    def forward(self, pictures: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        drawn = torch.rand(pictures.shape, generator=torch.Generator().manual_seed(1))
        return drawn, None if self.points is None else torch.from_numpy(self.points)[None].float()


def face() -> np.ndarray:
    """(68, 2) px: a face's points, roughly."""
    points = np.empty((68, 2))
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.column_stack([80 + 45 * np.cos(angle), 80 + 60 * np.sin(angle)])
    points[17:27] = np.column_stack([np.linspace(50, 110, 10), np.full(10, 60)])
    points[27:36] = [(80, 72), (80, 78), (80, 86), (80, 94), (72, 100), (76, 101), (80, 102), (84, 101), (88, 100)]
    ring = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    points[36:42] = np.column_stack([62 + 6 * np.cos(ring), 72 + 3 * np.sin(ring)])
    points[42:48] = np.column_stack([98 + 6 * np.cos(ring), 72 + 3 * np.sin(ring)])
    lips = np.linspace(np.pi, 3 * np.pi, 12, endpoint=False)
    points[48:60] = np.column_stack([80 + 16 * np.cos(lips), 117 + 6 * np.sin(lips)])
    inner = np.linspace(np.pi, 3 * np.pi, 8, endpoint=False)
    points[60:] = np.column_stack([80 + 11 * np.cos(inner), 117 + 2 * np.sin(inner)])
    return points


def filler(points: np.ndarray | None = None, most: float = 0.3) -> Filler:
    return Filler(Noise(points).eval(), InpaintingAlign.model_validate(ALIGN | BORDER), most)


def hidden() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[95:130, 60:100] = True
    return mask


def grained() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def as_jpeg(path: Path) -> None:
    Image.fromarray(grained()).save(path.with_suffix(".jpg"), quality=90)


def as_deep_png(path: Path) -> None:
    cv2.imwrite(str(path.with_suffix(".png")), grained().astype(np.uint16) * 257)


def as_grey(path: Path) -> None:
    Image.fromarray(grained()[..., 0]).save(path.with_suffix(".png"))


def as_cmyk(path: Path) -> None:
    Image.fromarray(grained()).convert("CMYK").save(path.with_suffix(".jpg"), quality=95)


@pytest.mark.parametrize("write", [as_jpeg, as_deep_png, as_grey, as_cmyk])
def test_noise_under_the_mask_changes_nothing_outside_it(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "photo")
    image = images.read(next(tmp_path.iterdir()))
    made = fill_photograph(image, face(), hidden(), filler=filler())
    assert np.array_equal(made.photograph[~hidden()], image[~hidden()])
    assert (made.photograph[hidden()] != image[hidden()]).mean() > 0.5
    assert made.points is None


def shares_of(points: np.ndarray) -> np.ndarray:
    """Where the crop has these points of the photograph."""
    right, left = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    scale = 11.5 / (left - right)[0]
    middle = (right + left) / 2
    placed: np.ndarray = ((points - middle) * scale + [16, 0.3 * 32]) / 32
    return placed


def test_points_that_agree_are_the_photographs(tmp_path: Path) -> None:
    made = fill_photograph(grained(), face(), hidden(), filler=filler(shares_of(face())))
    assert made.points is not None
    np.testing.assert_allclose(made.points, face(), atol=0.01)
    assert made.disagreement == pytest.approx(0, abs=1e-3)


def test_points_that_contradict_the_face_are_a_reason() -> None:
    with pytest.raises(FillError, match="does not take this for a face"):
        fill_photograph(grained(), face(), hidden(), filler=filler(shares_of(face()) + 0.3))


def test_hidden_points_beyond_the_face_are_a_reason() -> None:
    away = shares_of(face())
    away[48:] += 0.6
    with pytest.raises(FillError, match="lie beyond the face"):
        fill_photograph(grained(), face(), hidden(), filler=filler(away, most=9))


def test_a_mask_beside_the_face_is_a_reason() -> None:
    beside = np.zeros((HEIGHT, WIDTH), bool)
    beside[85:95, 100:112] = True
    with pytest.raises(FillError, match="hides none of the face's landmarks"):
        fill_photograph(grained(), face(), beside, filler=filler(shares_of(face())))


def painted(tmp_path: Path, picture: Image.Image, name: str = "mask.png") -> np.ndarray:
    picture.save(tmp_path / name)
    return read_mask(tmp_path / name, (HEIGHT, WIDTH, 3))


def bright(level: int, kind: type = np.uint8) -> np.ndarray:
    values: np.ndarray = hidden().astype(kind) * kind(level)
    return values


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(bright(255)),
        Image.fromarray(bright(1)),
        Image.fromarray(bright(1, np.uint16)),
        Image.fromarray(hidden()),
        Image.fromarray(bright(255)).convert("P"),
        Image.fromarray(np.dstack([bright(9), bright(0), bright(0)])),
        Image.fromarray(np.dstack([bright(0), bright(0), bright(0), bright(255)])),
        Image.fromarray(np.dstack([bright(255)] * 3 + [np.full((HEIGHT, WIDTH), 255, np.uint8)])),
    ],
    ids=["white", "faint", "16 bits", "1 bit", "palette", "red", "black on nothing", "opaque"],
)
def test_whatever_is_not_black_is_hidden(tmp_path: Path, picture: Image.Image) -> None:
    assert np.array_equal(painted(tmp_path, picture), hidden())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((HEIGHT, WIDTH), np.uint8), "is black everywhere; paint white what is to be filled"),
        (np.full((HEIGHT, WIDTH), 255, np.uint8), "hides the whole photograph"),
        (np.where(hidden(), 0, 255).astype(np.uint8), "hides all four corners .* inverted; what is black"),
        (np.zeros((WIDTH, HEIGHT), np.uint8), "has 181 x 160 pixels, the photograph \\(upright\\) 160 x 181"),
    ],
)
def test_a_mask_that_does_not_fit_is_told(tmp_path: Path, values: np.ndarray, said: str) -> None:
    with pytest.raises(FillError, match=f"mask.png: {said}"):
        painted(tmp_path, Image.fromarray(values))


def test_a_mask_compressed_with_loss_is_told(tmp_path: Path) -> None:
    with pytest.raises(FillError, match="a mask as JPEG, whose black is not quite black"):
        painted(tmp_path, Image.fromarray(bright(255)), "mask.jpg")


def test_a_mask_of_several_pictures_is_told(tmp_path: Path) -> None:
    first, second = (Image.fromarray(bright(level)) for level in (255, 0))
    first.save(tmp_path / "mask.tif", save_all=True, append_images=[second])
    with pytest.raises(FillError, match="mask.tif: holds 2 pictures"):
        read_mask(tmp_path / "mask.tif", (HEIGHT, WIDTH))


def test_what_is_no_number_is_not_hidden(tmp_path: Path) -> None:
    values = hidden().astype(np.float32)
    values[0, 0] = np.nan
    assert np.array_equal(painted(tmp_path, Image.fromarray(values), "mask.tif"), hidden())


def test_a_mask_that_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_text("mask")
    with pytest.raises(FillError, match="no picture that can be read"):
        read_mask(tmp_path / "mask.png", (HEIGHT, WIDTH))
    with pytest.raises(FillError, match="cannot be read"):
        read_mask(tmp_path / "missing.png", (HEIGHT, WIDTH))
