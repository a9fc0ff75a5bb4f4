"""A bucket's photographs filled, under masks from their landmarks (Chen et al., section III.B.1).

In: upright photographs and their 68 points, the network's file. Out: FILLINGS rows, faces cropped; a photograph that
cannot be filled is a row with its reason. Several proposals per photograph: the first under the mask as it is, others
under the mask moved and widened a little, by the seed and the photograph alone. Knows nothing of what is measured.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.base import runtime
from tasks.base.images import encode_png
from tasks.faces.regions import eye_centres
from tasks.ingest.faces.pixels import Loader, loader
from tasks.ingest.faces.resampling import resample
from tasks.inpainting.filling import FillError
from tasks.inpainting.network import weights
from tasks.inpainting.network.masks import Margins, Side, clinical, lower_face
from tasks.inpainting.photographs import Filled, Filler, fill_photograph
from tasks.params.inpainting import InpaintingAlign, InpaintingFill
from tasks.schemas.ingest import FRAMES
from tasks.schemas.inpainting import FILLINGS

MOUTH_RIGHT, MOUTH_LEFT, NOSE_BASE, CHIN = 48, 54, 33, 8
MOUTHS = (0.4, 1.6)
"""Widths of a mouth, eye distances. Narrower or wider ones were never found on a face; they are a cleft's edges."""


def fill_photographs(
    images: pa.Table,
    landmarks: pa.Table,
    *,
    settings: InpaintingFill,
    align: InpaintingAlign,
    network: Path,
) -> pa.Table:
    """FILLINGS rows of a bucket's stills; refused ones keep their reason, or get one."""
    sides = dict(zip(images["image_id"].to_pylist(), images["cleft_side"].to_pylist(), strict=True))
    load = loader(images, FRAMES.table([]))
    with runtime.settled(threads=settings.threads, seed=settings.seed):
        own, size = weights.load(network)
        filler = Filler(own.to(runtime.device()), align, settings.most_disagreement)
        if size != align.size:
            raise weights.NetworkFileError(
                f"{network}: draws pictures of {size} pixels, inpainting_align crops {align.size}"
            )
        rows = [row for row in landmarks.to_pylist() if row["image_id"] in sides]
        return FILLINGS.table([made for row in rows for made in _rows(row, sides, load, filler, settings)])


def _rows(
    row: Mapping[str, Any], sides: Mapping[str, str | None], load: Loader, filler: Filler, settings: InpaintingFill
) -> Iterator[dict[str, Any]]:
    """A photograph's proposals; one row with the reason where none can be made."""
    names = {name: row[name] for name in ("image_id", "subject_id", "population", "reason")} | {"proposal": 0}
    if row["reason"] is not None:
        yield names
        return
    try:
        image, points = load(row["image_id"]), np.reshape(np.asarray(row["points"], float), (-1, 2))
        made = [
            names | {"proposal": number} | _filled(image, points, sides[row["image_id"]], jitter, filler, settings)
            for number, jitter in enumerate(jitters(row["image_id"], settings))
        ]
    except (OSError, ValueError) as error:
        yield names | {"reason": str(error)}
        return
    yield from made


def jitters(name: str, settings: InpaintingFill) -> list[np.ndarray | None]:
    """How far each proposal's mask is moved and widened, eye distances; None: not at all."""
    rng = np.random.default_rng(runtime.seed_of(settings.seed, "proposals", name))
    drawn = rng.normal(0, settings.jitter, (settings.proposals, 3))
    drawn[:, 2] = np.abs(drawn[:, 2])  # never less than the mask that hides the cleft
    return [None, *drawn[1:]]


def mask_of(
    points: np.ndarray,  # (68, 2) px
    shape: tuple[int, ...],  # height, width
    cleft_side: str | None,
    jitter: np.ndarray | None,
    settings: InpaintingFill,
) -> tuple[str, np.ndarray]:
    """What is covered, and the mask. FillError where the mouth was not found and params.yaml hides no more for it."""
    if mouth_found(points):
        side: Side = "both"
        if settings.side == "cleft" and cleft_side in ("left", "right"):
            side = "left" if cleft_side == "left" else "right"
        margins = Margins(around=settings.around, across=settings.across)
        return "lips and nose", clinical(points, shape, margins, side=side, jitter=jitter)
    if settings.without_landmarks == "refuse":
        raise FillError(
            "no mouth was found among the landmarks (a wide cleft?); draw a mask by hand (`vermilion inpaint --mask "
            "FILE`), or set inpainting_fill: without_landmarks: lower face"
        )
    return "lower face", lower_face(points, shape)


def mouth_found(points: np.ndarray) -> bool:
    """Whether the lips' points can be a mouth: below the nose, above the chin, of a mouth's width."""
    right, left = eye_centres(points)
    across = left - right
    distance = float(np.hypot(*across))
    down = np.array([-across[1], across[0]]) / distance
    width = float(np.hypot(*(points[MOUTH_LEFT] - points[MOUTH_RIGHT]))) / distance
    heights = [float(points[place].mean(axis=0) @ down) for place in ([NOSE_BASE], [MOUTH_RIGHT, MOUTH_LEFT], [CHIN])]
    return MOUTHS[0] <= width <= MOUTHS[1] and heights[0] < heights[1] < heights[2]


def _filled(
    image: np.ndarray,
    points: np.ndarray,
    cleft_side: str | None,
    jitter: np.ndarray | None,
    filler: Filler,
    settings: InpaintingFill,
) -> dict[str, Any]:
    """The columns of one proposal."""
    masked, mask = mask_of(points, image.shape, cleft_side, jitter, settings)
    made = fill_photograph(image, points, mask, filler=filler)
    return {"masked": masked, **cropped(image, made, settings.kept_side, filler.align.size)}


def cropped(image: np.ndarray, made: Filled, side: int, size: int) -> dict[str, Any]:
    """The filled face at `side` pixels, and where it lies. `size`: the network's side."""
    to_original = kept_matrix(made.to_original, side, size)
    shape = (side, side)
    crops = [resample(own, to_original, shape, enlarging=cv2.INTER_CUBIC) for own in (image, made.photograph)]
    mask = resample(made.mask.astype(np.float32), to_original, shape, enlarging=cv2.INTER_LINEAR) > 0
    points = None
    if made.points is not None:
        points = cv2.transform(made.points[None], cv2.invertAffineTransform(to_original))[0].ravel().round(4).tolist()
    return {
        "photograph": encode_png(crops[0]),
        "filled": encode_png(crops[1]),
        "mask": encode_png(np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=2)),
        "points": points,
        "disagreement": made.disagreement,
        "to_original": to_original.ravel().tolist(),
    }


def kept_matrix(to_original: np.ndarray, side: int, size: int) -> np.ndarray:
    """(2, 3): px of a crop of `side` to px of the original, where `to_original` is that of the network's `size`."""
    share = size / side
    scale = np.array([[share, 0, (share - 1) / 2], [0, share, (share - 1) / 2], [0, 0, 1]])
    return np.asarray((to_original @ scale).round(9))
