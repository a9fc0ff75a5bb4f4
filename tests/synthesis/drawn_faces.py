"""Photographs and generated pictures as the stages hand them on, all drawn: faces of people with and without clefts."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.base import images
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT, Cleft
from tasks.schemas.synthesis import CAPTIONS, GENERATED

CLEFTS = {"control": NO_CLEFT, "post": Cleft(0.8, "left"), "pre": Cleft(1.2, "left", repaired=False)}


@cache
def face(seed: int, condition: str = "control", size: int = 160) -> np.ndarray:
    """(size, size, 3) uint8 RGB. Not to be changed in place."""
    drawing = render(
        identity(seed), size=size, expression=NEUTRAL, pose=FRONTAL, cleft=CLEFTS[condition], frame=0
    )  # fmt: skip
    return drawing.image


def photographs(folder: Path, people: dict[str, tuple[str, str, int]]) -> tuple[pa.Table, pa.Table]:
    """Images (image_id, path) and captions of name -> (condition, split, seed); a person each."""
    rows = []
    for name, (condition, split, seed) in people.items():
        (folder / name).write_bytes(images.encode_png(face(seed, condition)))
        rows.append(
            {"image_id": name, "subject_id": f"person {name}", "condition": condition, "split": split}
            | {"prompt": None, "edited": False, "reason": None}
        )
    return pa.table({"image_id": list(people), "path": [str(folder / name) for name in people]}), CAPTIONS.table(rows)


def generated(pictures: Mapping[str, tuple[str, np.ndarray | None]]) -> pa.Table:
    """The generated table of name -> (condition, picture); None: could not be drawn."""
    rows: list[dict[str, Any]] = []
    for number, (name, (condition, picture)) in enumerate(pictures.items()):
        content = {"picture": images.encode_png(picture)} if picture is not None else {"reason": "not finite"}
        rows.append(
            {"image_id": name, "condition": condition, "number": number, "clip_over": 0, "t5_over": 0} | content
        )
    return GENERATED.table(rows)


def altered(picture: np.ndarray, how: str) -> np.ndarray:
    """As somebody's photograph might come back from a generator that learnt it by heart."""
    if how == "jpeg":
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        again = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert again is not None
        return again
    if how == "brighter":
        return np.clip(picture.astype(float) * 1.15 + 8, 0, 255).astype(np.uint8)
    if how == "zoomed":
        cut = len(picture) // 25
        return cv2.resize(picture[cut:-cut, cut:-cut], picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return picture
