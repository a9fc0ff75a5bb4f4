"""Photographs filled one by one: what `vermilion inpaint` computes.

In: files, masks, and the network that `dvc repro` left behind. Out: one `Inpainted` per file, or why it
was refused. Writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from flows.photographs import faces
from flows.photographs.score import KNOWN, drawn_only
from tasks import params
from tasks.base import images, tables
from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.evaluation.inpainting.chapter import NAME
from tasks.evaluation.inpainting.page import FilledFace
from tasks.evaluation.inpainting.read import notices
from tasks.inpainting.fillings import cropped, jitters, mask_of
from tasks.inpainting.network import weights
from tasks.inpainting.network.masks import widened_by
from tasks.inpainting.painted import read_mask
from tasks.inpainting.photographs import Filled, Filler, fill_photograph
from tasks.params.ingest import IngestLandmarks
from tasks.params.inpainting import InpaintingAlign, InpaintingFill
from tasks.schemas.inpainting import NETWORK_FILE


@dataclass(frozen=True)
class Opened:
    """The network and the numbers that a photograph goes through."""

    filler: Filler
    settings: InpaintingFill
    landmarks: IngestLandmarks
    drawn: frozenset[str] | None  # the drawn faces, where the network knows no others
    notices: tuple[str, ...]
    which: faces.Which = None


@dataclass(frozen=True)
class Inpainted:
    """A photograph's fillings. With a `reason` there are none."""

    path: Path
    face: FilledFace
    image: np.ndarray | None = None  # (H, W, 3) uint8 RGB, upright
    fillings: tuple[Filled, ...] = ()
    image_id: str = ""

    def record(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return {
            "photograph": str(self.path),
            "reason": self.face.reason,
            "face": self.face.which or None,
            "doubt": self.face.doubt,
            "masked": self.face.masked or None,
            "disagreement": self.face.disagreement,
            "proposals": len(self.fillings),
        }


def open_network(root: Path, *, proposals: int | None, which: faces.Which = None) -> Opened:
    """What the stages left under a project's folder. InputError where there is no network."""
    folder, numbers = root / "data" / NAME, root / "params.yaml"
    file = folder / "model" / NETWORK_FILE
    if not file.exists():
        raise InputError(f"{file}: there is no network yet; run `dvc repro`")
    network, size = weights.load(file)
    made = tables.provenance_of(folder / "model/curves.parquet")["parameters"]
    align = InpaintingAlign.model_validate(made["align"])
    if size != align.size:
        raise weights.NetworkFileError(
            f"{file}: draws pictures of {size} pixels, the stage trained one of {align.size}"
        )
    settings = params.load(InpaintingFill, "inpainting_fill", numbers)
    if proposals is not None:
        settings = settings.model_copy(update={"proposals": proposals})
    filler = Filler(network, align, settings.most_disagreement)
    landmarks = params.load(IngestLandmarks, "ingest_landmarks", numbers)
    return Opened(filler, settings, landmarks, drawn_only(root), tuple(notices(folder)), which)


def inpaint(path: Path, opened: Opened, *, mask: Path | None, devices: Path | None) -> Inpainted:
    """One photograph's fillings. A file that cannot be filled gives a reason, never an exception.

    `mask`: painted by hand, instead of the one from the landmarks; `devices`: painted tape, tubes and bars, hidden too.
    """
    empty = Inpainted(path, FilledFace(path.name))
    try:
        images.check_size(path)
        image_id = file_digest(path)
        empty = replace(empty, image_id=image_id)
        image = images.read(path)
        found, which = faces.find(image, _asked(opened.landmarks, mask), opened.which)
        if found["reason"]:
            raise InputError(f"{found['reason']}{_advice(found, opened.landmarks, mask)}")
        points = np.reshape(np.array(found["points"], float), (68, 2))
        empty = replace(empty, face=replace(empty.face, which=which))
        return _inpainted(empty, image_id, image, points, opened, mask, devices)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except ValueError as error:  # refused by name: unreadable, no face, a mask that does not fit
        reason = str(error)
    return replace(empty, face=replace(empty.face, reason=reason))


def _asked(landmarks: IngestLandmarks, mask: Path | None) -> IngestLandmarks:
    """What is asked of a photograph: under a mask painted by hand the mouth need not be seen."""
    return landmarks if mask is None else landmarks.model_copy(update={"min_mouth_contrast": 0.0})


def _advice(found: Mapping[str, Any], landmarks: IngestLandmarks, mask: Path | None) -> str:
    """What to do, beside the reason, where a face was found and its mouth was not."""
    unseen = mask is None and found.get("mouth_contrast", np.inf) < landmarks.min_mouth_contrast
    return "; if a wide cleft is why, paint a mask by hand (--mask FILE)" if unseen else ""


def _inpainted(
    empty: Inpainted,
    image_id: str,
    image: np.ndarray,
    points: np.ndarray,
    opened: Opened,
    mask: Path | None,
    devices: Path | None,
) -> Inpainted:
    by_hand = None if mask is None else read_mask(mask, image.shape)
    more = np.zeros(image.shape[:2], bool) if devices is None else read_mask(devices, image.shape)
    made, masked = [], "what was painted"
    for jitter in jitters(image_id, opened.settings):
        if by_hand is None:
            masked, own = mask_of(points, image.shape, None, jitter, opened.settings)
        else:
            own = by_hand if jitter is None else widened_by(by_hand, points, float(jitter[2]))
        made.append(fill_photograph(image, points, own | more, filler=opened.filler))
    first = made[0]
    crops = [cropped(image, own, opened.settings.kept_side, opened.filler.align.size) for own in made]
    face = replace(
        empty.face,
        photograph=images.decode_png(crops[0]["photograph"]),
        mask=images.decode_png(crops[0]["mask"])[..., 0] > 0,
        filled=[images.decode_png(crop["filled"]) for crop in crops],
        points=None if crops[0]["points"] is None else np.reshape(crops[0]["points"], (68, 2)),
        masked=masked,
        disagreement=first.disagreement,
        doubt=KNOWN if opened.drawn is not None and image_id not in opened.drawn else None,
    )
    return replace(empty, face=face, image=image, fillings=tuple(made))
