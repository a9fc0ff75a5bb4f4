"""One photograph filled: its face cropped, drawn by the network under a mask, and brought back (Chen et al., II).

In: an upright photograph, its 68 points, a mask of its size, the network. Out: the photograph with the filling, and the
points that the network sees in it. Outside the mask every byte is the photograph's. A filling whose points contradict
the face is refused. Knows nothing of where masks come from, nor of tables.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from tasks.faces.alignment import Aligned, align
from tasks.faces.regions import eye_centres, face_outline, filled, widened
from tasks.ingest.faces.resampling import resample
from tasks.inpainting.filling import FillError, check, fill
from tasks.inpainting.network.generator import Generator
from tasks.params.inpainting import InpaintingAlign

FACE_MARGIN = 0.15
"""Eye distances by which the outline of the face is widened before points are asked to lie within it."""
MOST_ASTRAY = 0.1
"""Share of the hidden points that may lie beyond the face."""


@dataclass(frozen=True)
class Filler:
    """The network and how faces are cropped for it. `most_disagreement`: see InpaintingFill."""

    network: Generator
    align: InpaintingAlign
    most_disagreement: float


@dataclass(frozen=True)
class Filled:
    """A photograph with a filling."""

    photograph: np.ndarray  # (H, W, 3) uint8 RGB
    mask: np.ndarray  # (H, W) bool
    points: np.ndarray | None  # (68, 2) px of the photograph, the network's; None where it has no landmark branch
    disagreement: float | None  # of these points and those found, outside the mask, eye distances
    to_original: np.ndarray  # (2, 3) px of the crop to px of the photograph


def fill_photograph(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    points: np.ndarray,  # (68, 2) px
    mask: np.ndarray,  # (H, W) bool, True is filled
    *,
    filler: Filler,
) -> Filled:
    """The filling. FillError: a mask that does not fit, points that contradict the face. AlignmentError: no crop."""
    check(mask, image.shape)
    face = align(image, points, settings=filler.align)
    drawn, shares = _drawn(face, mask, filler.network)
    whole = fill(image, mask, drawn, face.to_original)
    if shares is None:
        return Filled(whole, mask, None, None, face.to_original)
    found = cv2.transform((shares * len(face.picture) - 0.5)[None].astype(float), face.to_original)[0]
    apart = _disagreement(found, points, mask)
    _require_agreement(found, points, mask, apart, filler.most_disagreement)
    return Filled(whole, mask, found, apart, face.to_original)


@torch.inference_mode()
def _drawn(face: Aligned, mask: np.ndarray, network: Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """What the network draws of the crop, (S, S, 3) 0..255, and its points, (68, 2) shares."""
    side = len(face.picture)
    small = resample(mask.astype(np.float32), face.to_original, (side, side), enlarging=cv2.INTER_LINEAR) > 0
    device = next(network.parameters()).device
    picture = torch.from_numpy(face.picture).permute(2, 0, 1)[None].float().to(device) / 255
    drawn, points = network(picture, torch.from_numpy(small)[None, None].float().to(device))
    found = None if points is None else points[0].double().cpu().numpy()
    return 255 * drawn[0].permute(1, 2, 0).double().cpu().numpy(), found


def _disagreement(found: np.ndarray, points: np.ndarray, mask: np.ndarray) -> float | None:
    """The mean distance of the points that the network sees, in eye distances; None where all are hidden."""
    seen = ~under(points, mask)
    if not seen.any():
        return None
    return float(np.linalg.norm(found[seen] - points[seen], axis=1).mean() / _eye_distance(points))


def _require_agreement(
    found: np.ndarray, points: np.ndarray, mask: np.ndarray, apart: float | None, most: float
) -> None:
    if apart is not None and apart > most:
        raise FillError(
            f"the landmarks that the network sees outside the mask lie {apart:.2f} eye distances (at most {most:g}) "
            "from those of the face: it does not take this for a face"
        )
    hidden = under(points, mask)
    if not hidden.any():
        raise FillError("the mask hides none of the face's landmarks; lay it over lips and nose")
    face = filled(widened(face_outline(points), FACE_MARGIN * _eye_distance(points)), mask.shape) > 0
    astray = float((~under(found[hidden], face)).mean())
    if astray > MOST_ASTRAY:
        raise FillError(f"{astray:.0%} of the landmarks that the network puts under the mask lie beyond the face")


def under(points: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Which points lie on the mask, (68,) bool; beyond the picture none does."""
    x, y = np.rint(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    under: np.ndarray = inside & mask[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)]
    return under


def _eye_distance(points: np.ndarray) -> float:
    return float(np.hypot(*np.subtract(*eye_centres(points))))
