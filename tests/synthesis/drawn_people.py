"""Drawn people as an adapter's photographs and as generated pictures, in the tables that identity reads."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base import images as pictures
from tasks.params.synthesis import SynthesisIdentity
from tasks.phantoms.identity import identity as person_of
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, Cleft
from tasks.schemas.synthesis import CAPTIONS, GENERATED

DLIB = SynthesisIdentity(network="dlib", side=256, threshold=0.6, dlib_distance=0.3, repeated=0.965)
ARCFACE = DLIB.model_copy(update={"network": "arcface"})
SEED = 9 * 10**9


@cache
def drawn(number: int) -> np.ndarray:
    person = person_of(SEED + number)
    cleft = Cleft(0.7, "left")
    return render(person, size=192, expression=NEUTRAL, pose=FRONTAL, cleft=cleft, frame=0).image


def generated(shown: Mapping[str, np.ndarray | bytes | None], condition: str = "pre", **reasons: str) -> pa.Table:
    return GENERATED.table(
        {"image_id": name, "condition": condition, "number": number, "clip_over": 0, "t5_over": 0}
        | {"picture": pictures.encode_png(it) if isinstance(it, np.ndarray) else it, "reason": reasons.get(name)}
        for number, (name, it) in enumerate(shown.items())
    )


def photographs(folder: Path, told: Mapping[int, dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """The images and captions tables; photographs lie in `folder`."""
    rows = []
    for number, row in told.items():
        (folder / f"{number}.png").write_bytes(pictures.encode_png(drawn(number)))
        rows.append({"image_id": f"p{number}", "subject_id": f"s{number}", "edited": False} | row)
    paths = [str(folder / f"{number}.png") for number in told]
    return pa.table({"image_id": [row["image_id"] for row in rows], "path": paths}), CAPTIONS.table(rows)
