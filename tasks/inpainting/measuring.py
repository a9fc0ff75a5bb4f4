"""Controls whom the network never saw, partly hidden, filled, and held against themselves (Chen et al., Table III).

In: a bucket's aligned faces of held-out controls, the network's file. Out: INPAINTING_MEASURES, a row per photograph,
kind of mask and method, OpenCV's among them; and a row of the photograph itself, whose Inception features the fillings'
are compared with. A mask is a function of the seed, the photograph's id and, where it is clinical, its points. Knows
nothing of means, intervals or FID (tasks.evaluation has these).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from tasks.base import runtime
from tasks.base.images import decode_png
from tasks.base.networks.inception import inception_features
from tasks.errors import InputError
from tasks.faces.cohort import split_of
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.faces.regions import eye_centres
from tasks.inpainting.baselines import METHODS, opencv_filled
from tasks.inpainting.filling import check, fill
from tasks.inpainting.network import weights as networks
from tasks.inpainting.network.generator import Generator
from tasks.inpainting.network.masks import Margins, clinical
from tasks.inpainting.network.strokes import BANDS, irregular, square
from tasks.inpainting.photographs import under
from tasks.inpainting.quality import check_window, qualities
from tasks.params.faces import PerceptualNet
from tasks.params.inpainting import InpaintingControls, InpaintingTrain
from tasks.schemas.inpainting import INPAINTING_MEASURES, MASK_KINDS, MEASURED_METHODS, PHOTOGRAPH, UNMASKED

ITSELF = np.eye(2, 3)
"""The map of a picture to itself."""


@dataclass(frozen=True)
class Face:
    """A control's aligned face and who it is."""

    names: Mapping[str, Any]  # image_id, subject_id
    picture: np.ndarray  # (S, S, 3) uint8 RGB
    points: np.ndarray  # (68, 2) px


def held_out(photographs: pa.Table, *, settings: InpaintingControls, train: InpaintingTrain) -> frozenset[str]:
    """image_ids of the controls on whom Tables III and IV stand, of a table with image_id, subject_id, population.

    Nobody from whom the network learned, and no patient, whose face without the cleft is not known. One photograph of
    each person comes before any second one; otherwise the seed and the names decide.
    """
    rows = split_of(train).unseen(photographs, ["control"])
    rows.sort(key=lambda row: runtime.seed_of(settings.seed, "measured", row["image_id"]))
    before: dict[str, int] = {}
    turns: list[tuple[int, int, str]] = []
    for row in rows:
        turn = before[row["subject_id"]] = before.get(row["subject_id"], -1) + 1
        turns.append((turn, len(turns), row["image_id"]))
    return frozenset(name for *_, name in sorted(turns)[: settings.most_photographs])


def measure_photographs(
    aligned: pa.Table,
    *,
    settings: InpaintingControls,
    perceptual: PerceptualNet,
    around: float,
    network: Path,
    weights: str,
) -> pa.Table:
    """INPAINTING_MEASURES of a bucket of held-out controls (`held_out`), at the network's own size.

    `around`: the clinical mask's margin (InpaintingFill); `network`: its file; `weights`: the folder of weights. A face
    that was not aligned has its reason in every row. InputError: SSIM's window does not fit; see also weights.load.
    """
    with runtime.settled(threads=settings.threads, seed=settings.seed), torch.inference_mode():
        generator, size = networks.load(network)
        check_window(settings.window, size)
        generator = generator.to(runtime.device())
        looking = load_perceptual(perceptual, Path(weights)).to(runtime.device())
        rows: list[dict[str, Any]] = []
        pictures: list[np.ndarray] = []
        for row in aligned.to_pylist():
            for made, picture in _measured(row, size, generator, looking, settings, around):
                rows.append(made)
                pictures += [] if picture is None else [picture]
    return INPAINTING_MEASURES.table(_with_features(rows, pictures, settings, weights))


def _with_features(
    rows: Iterable[dict[str, Any]], pictures: list[np.ndarray], settings: InpaintingControls, weights: str
) -> Iterator[dict[str, Any]]:
    """Each row with its picture's features; rows with a reason have no picture."""
    numbers = {"dims": settings.dims, "threads": settings.threads}
    found = iter(inception_features(pictures, network=settings.inception, weights=weights, **numbers))
    for row in rows:
        yield row if row.get("reason") else row | {"features": next(found).tolist()}


def _measured(
    row: Mapping[str, Any],
    size: int,
    network: Generator,
    perceptual: Perceptual,
    settings: InpaintingControls,
    around: float,
) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """A photograph's rows and pictures; no picture where there is a reason."""
    names = {name: row[name] for name in ("image_id", "subject_id")}
    itself = names | {"mask": UNMASKED, "method": PHOTOGRAPH, "reason": row["reason"]}
    if row["reason"] is not None:
        yield itself, None
        for kind in MASK_KINDS:
            yield from _refused(names, kind, row["reason"])
        return
    face = Face(names, decode_png(row["picture"]), np.reshape(row["points"], (68, 2)))
    if len(face.picture) != size:
        raise networks.NetworkFileError(f"the network draws pictures of {size} pixels, not {len(face.picture)}")
    yield itself, face.picture
    for kind in MASK_KINDS:
        mask = mask_of(kind, row["image_id"], face.points, size, seed=settings.seed, around=around)
        try:
            check(mask, mask.shape)
            yield from _compared(face, kind, mask, network, perceptual, settings)
        except InputError as error:
            yield from _refused(names, kind, str(error))


def _refused(names: Mapping[str, Any], kind: str, reason: str) -> Iterator[tuple[dict[str, Any], None]]:
    for method in MEASURED_METHODS:
        yield {**names, "mask": kind, "method": method, "reason": reason}, None


def mask_of(
    kind: str,
    image_id: str,
    points: np.ndarray,  # (68, 2) px
    side: int,
    *,
    seed: int,
    around: float,
) -> np.ndarray:
    """(side, side) bool, True is hidden. `kind`: of `MASK_KINDS`; `around`: of the clinical one, eye distances."""
    if kind == "clinical":
        return clinical(points, (side, side), Margins(around=around, across=0.0))
    if kind == "square":
        return square(side)
    return irregular(side, BANDS[kind], np.random.default_rng(runtime.seed_of(seed, "mask", kind, image_id)))


def _compared(
    face: Face, kind: str, mask: np.ndarray, network: Generator, perceptual: Perceptual, settings: InpaintingControls
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """One row and picture per method."""
    drawn, found = drawn_by(network, face.picture, mask)
    made = {
        "network": np.where(mask[..., None], np.rint(drawn).astype(np.uint8), face.picture),
        "blended": fill(face.picture, mask, drawn, ITSELF),
        **{name: opencv_filled(face.picture, mask, name) for name in METHODS},
    }
    errors = {} if found is None else landmark_errors(found, face.points, mask)
    numbers = qualities(
        face.picture,
        list(made.values()),
        mask,
        channels=settings.channels,
        window=settings.window,
        perceptual=perceptual,
    )
    for (method, picture), quality in zip(made.items(), numbers, strict=True):
        row = {**face.names, "mask": kind, "method": method, "share": float(mask.mean()), **asdict(quality)}
        yield row | (errors if method == "network" else {}), picture


def drawn_by(
    network: Generator,
    picture: np.ndarray,  # (S, S, 3) uint8 RGB
    mask: np.ndarray,  # (S, S) bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """All that the network draws, (S, S, 3) float 0..255, and its points, (68, 2) px; None without a branch."""
    device = next(network.parameters()).device
    shown = torch.from_numpy(picture).permute(2, 0, 1)[None].float().to(device) / 255
    drawn, points = network(shown, torch.from_numpy(mask)[None, None].float().to(device))
    found = None if points is None else points[0].double().cpu().numpy() * len(picture) - 0.5
    return 255 * drawn[0].permute(1, 2, 0).double().cpu().numpy(), found


def landmark_errors(
    found: np.ndarray,  # (68, 2) px, the network's
    points: np.ndarray,  # (68, 2) px
    mask: np.ndarray,  # (S, S) bool
) -> dict[str, float | None]:
    """Mean distances over the distance of the eye centres: of all points, of the hidden, of the seen; null: none."""
    apart = np.linalg.norm(found - points, axis=1) / np.hypot(*np.subtract(*eye_centres(points)))
    hidden = under(points, mask)
    return {
        "landmark_error": float(apart.mean()),
        "landmark_error_inside": float(apart[hidden].mean()) if hidden.any() else None,
        "landmark_error_outside": float(apart[~hidden].mean()) if not hidden.all() else None,
    }
