"""Which face of a photograph is meant, where it shows several: one piece of code for every command.

In: what `--face` says, a picture. Out: the landmarks of the face that is meant, and which face it is, in words; or why
there is none, with what to do. Faces are numbered from the left, as the photograph shows them.
"""

from typing import Literal, NamedTuple

import numpy as np

from tasks.base.words import listed
from tasks.errors import InputError
from tasks.ingest.faces.detection import find_face
from tasks.ingest.faces.landmarks import SEVERAL, measure_found
from tasks.params.ingest import IngestLandmarks

LARGEST: Literal["largest"] = "largest"
Which = Literal["largest"] | int | None
"""None: as params.yaml says."""


class Found(NamedTuple):
    """`row`: columns of LANDMARKS. `said`: which face it is; "" where there is one alone."""

    row: dict[str, object]
    said: str = ""


def asked(option: str | None) -> Which:
    """What `--face` says. InputError: neither `largest` nor a number from 1."""
    if option is None or option == LARGEST:
        return LARGEST if option else None
    if option.isascii() and option.isdecimal() and int(option) > 0:
        return int(option)
    raise InputError(
        f"--face {option}: largest, or a number from 1, counted from the left as the photograph shows them"
    )


def find(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    settings: IngestLandmarks,
    which: Which,
) -> Found:
    """The face that is meant. NoSuchFace: there are fewer."""
    if which == LARGEST:
        settings = settings.model_copy(update={"several": LARGEST})
    face = find_face(image, settings, which if isinstance(which, int) else None)
    row = measure_found(image, face, settings)
    if face is None or face.count == 1:
        return Found(row)
    if row["reason"] == SEVERAL.format(face.count):
        numbers = listed([f"--face {number}" for number in range(1, face.count + 1)], 3)
        return Found(row | {"reason": f"{row['reason']}; or name one: --face largest, {numbers} (from the left)"})
    largest = ", the largest" if which == LARGEST or (which is None and settings.several == LARGEST) else ""
    return Found(row, f"face {face.place} of {face.count}, counted from the left{largest}")
