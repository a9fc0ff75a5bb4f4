"""Aligned faces of drawn controls, and a network that nobody trained, as the stages hand them on."""

from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.base.images import encode_png
from tasks.faces.alignment import align
from tasks.inpainting.network import weights
from tasks.params.faces import PerceptualNet
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT
from tasks.schemas.faces import ALIGNED
from tests.faces.aligning import numbers
from tests.inpainting.test_network import generator

SIDE = 64
MEASURE: dict[str, Any] = {
    "seed": 1,
    "threads": 1,
    "most_photographs": 4,
    "channels": "rgb",
    "window": 7,
    "inception": "random",
    "dims": 64,
    "kid_subsets": 4,
    "kid_subset_size": 4,
}
"""Numbers with which fillings are measured (InpaintingControls)."""
PERCEPTUAL = PerceptualNet(net="squeeze", trunk="random", size=64)


@cache
def face(seed: int) -> dict[str, Any]:
    """Picture and points of an aligned drawn face."""
    drawing = render(identity(seed), size=160, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
    found = align(drawing.image, drawing.landmarks, settings=numbers(size=SIDE))
    return {
        "picture": encode_png(found.picture),
        "points": found.points.ravel().tolist(),
        "to_original": found.to_original.ravel().tolist(),
        "face_share": found.face_share,
        "outside_share": found.outside_share,
    }


def aligned(people: dict[str, int], refused: dict[str, str] | None = None) -> pa.Table:
    """ALIGNED of image_id -> the person's number; those in `refused` have a reason instead of a face."""
    rows = [
        {"image_id": name, "subject_id": f"person {seed}", "population": "control", **face(seed)}
        for name, seed in people.items()
    ]
    rows += [
        {"image_id": name, "subject_id": name, "population": "control", "reason": reason}
        for name, reason in (refused or {}).items()
    ]
    return ALIGNED.table(rows)


def network(folder: Path, **changes: object) -> Path:
    """The file of a network without training; `changes`: of its settings."""
    path = folder / "network.safetensors"
    path.write_bytes(weights.save(generator(halvings=2, **changes), size=SIDE, provenance={}))
    return path
