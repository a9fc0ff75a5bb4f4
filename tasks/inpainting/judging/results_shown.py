"""What surgeons are shown of each patient: the photograph with its hole, and one filled picture per method.

In: FILLINGS rows. Out: patients, whose pictures are decoded and filled (OpenCV's two methods beside the network's) when
they are asked for; and the digest of each picture, by which a vote knows what it was about. Knows no sheets.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tasks.base.images import decode_png
from tasks.inpainting.baselines import METHODS, opencv_filled

HOLE = 255
"""The grey level of what is masked, as in the paper's figure 2."""

Pixels = Callable[[], np.ndarray]  # (H, W, 3) uint8 RGB


@dataclass(frozen=True)
class Patient:
    """One photograph to judge: how to get the masked input, and each method's result."""

    image_id: str
    masked: Pixels
    filled: Mapping[str, Pixels]


def patients_of(fillings: Iterable[Mapping[str, Any]], *, populations: Collection[str]) -> list[Patient]:
    """The photographs of these populations that were filled, each by its first proposal."""
    return [
        _patient(row)
        for row in fillings
        if row["proposal"] == 0 and row["reason"] is None and row["population"] in populations
    ]


def _patient(row: Mapping[str, Any]) -> Patient:
    plain: dict[str, Pixels] = {name: partial(_filled, row, name) for name in METHODS}
    return Patient(row["image_id"], partial(_masked, row), plain | {"network": partial(decode_png, row["filled"])})


def digest_of(picture: np.ndarray) -> str:  # (H, W, 3) uint8 RGB
    """sha256 of a picture's size and pixels."""
    return hashlib.sha256(repr(picture.shape).encode() + np.ascontiguousarray(picture).tobytes()).hexdigest()


def digests(patients: Iterable[Patient]) -> dict[tuple[str, str], str]:
    """By image_id and method the digest of the picture that is shown."""
    return {
        (patient.image_id, method): digest_of(picture())
        for patient in patients
        for method, picture in patient.filled.items()
    }


def _mask(row: Mapping[str, Any]) -> np.ndarray:  # (H, W) bool
    return np.asarray(decode_png(row["mask"])[..., 0] > 0)


def _masked(row: Mapping[str, Any]) -> np.ndarray:
    picture = decode_png(row["photograph"]).copy()
    picture[_mask(row)] = HOLE
    return picture


def _filled(row: Mapping[str, Any], method: str) -> np.ndarray:
    return opencv_filled(decode_png(row["photograph"]), _mask(row), method)
