"""A face without a photograph: every point and outline at a plausible place, exactly symmetric about x = 512.

Coordinates are whole eighths of a pixel, so that mirroring loses no bits.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from tasks.anthropometry.names import INDEX, MIRROR, OUTLINES, POINTS, Face
from tasks.params.anthropometry import AnthropometryMeasure
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

MIDDLE = 512.0
WHERE = {  # pixels right of the middle (the patient's left) and down
    "glabella": (0, 360),
    "nasion": (0, 400),
    "pronasale": (0, 520),
    "subnasale": (0, 560),
    "labiale_superius": (0, 604),
    "stomion": (0, 622),
    "labiale_inferius": (0, 650),
    "sublabiale": (0, 672),
    "menton": (0, 750),
    "superciliare": (84, 340),
    "exocanthion": (96, 398),
    "endocanthion": (36, 402),
    "palpebrale_superius": (66, 388),
    "palpebrale_inferius": (66, 412),
    "pupil": (66, 400),
    "iris_outer": (78, 400),
    "iris_inner": (54, 400),
    "alare": (38, 540),
    "alar_base": (32, 556),
    "columella": (8, 556),
    "nostril_outer": (26, 552),
    "nostril_inner": (10, 554),
    "philtrum_top": (10, 568),
    "crista_philtri": (13, 598),
    "cheilion": (54, 624),
    "zygion": (140, 430),
    "gonion": (112, 660),
}
SETTINGS = AnthropometryMeasure(
    confidence=0.95,
    intervals=True,
    errors="photographs",
    most_yaw=10,
    most_smile=0.95,
    most_opening=0.05,
    hand_error=0.005,
    scale="iris",
    iris_mm=11.7,
    iris_sd_mm=0.42,
    iris_bias=0.07,
)


def template(error: float = 1.0) -> Face:
    """The symmetric face; `error`: the standard error of every point, px."""
    points = np.empty((len(POINTS), 2))
    for name, index in INDEX.items():
        x, y = WHERE[name.removesuffix("_right").removesuffix("_left")]
        points[index] = MIDDLE + (-x if name.endswith("_right") else x), y
    along = (np.arange(33) - 16) / 16  # -1 the right corner, 1 the left
    eighths = 8.0
    upper = 624 - np.round(eighths * 26 * (1 - along**2) * (0.9 + 0.1 * np.abs(along))) / eighths
    lower = 624 + np.round(eighths * 26 * (1 - along**2)) / eighths
    base = 560 - np.round(eighths * 60 * along**4) / eighths
    turn = 2 * np.pi * np.arange(17) / 17
    ring = np.round(eighths * np.stack([18 + 8 * np.cos(turn), 553 - 4 * np.sin(turn)], axis=1)) / eighths
    outlines = {
        "upper_vermilion": np.stack([MIDDLE + 54 * along, upper], axis=1),
        "lower_vermilion": np.stack([MIDDLE + 54 * along, lower], axis=1),
        "nose": np.stack([MIDDLE + 40 * along, base], axis=1),
        "hairline": np.stack([MIDDLE + 12 * np.arange(-2.0, 3.0), np.full(5, 232.0)], axis=1),
        "nostril_left": ring + (MIDDLE, 0),
        "nostril_right": ring * (-1, 1) + (MIDDLE, 0),
    }
    return Face(points, outlines, np.full(len(POINTS), error))


def mirrored(face: Face) -> Face:
    """The face in the mirrored photograph: right is left, and outlines run the other way."""
    flip = np.array([-1.0, 1.0])

    def turned(where: np.ndarray) -> np.ndarray:
        return np.asarray(where * flip + (2 * MIDDLE, 0))

    other = {"nostril_left": "nostril_right", "nostril_right": "nostril_left"}
    outlines = {
        name: turned(face.outlines[other[name]] if name in other else face.outlines[name][::-1])
        for name in face.outlines
    }
    return Face(turned(face.points)[MIRROR], outlines, face.errors[MIRROR])


def uneven(seed: int = 0, size: float = 4.0) -> Face:
    """A face whose points and outlines are moved at random, by whole 64ths of a pixel."""
    rng = np.random.default_rng(seed)

    def moved(where: np.ndarray) -> np.ndarray:
        return np.asarray(where + np.round(64 * rng.normal(0, size, where.shape)) / 64)

    face = template()
    outlines = {
        name: line + np.round(64 * (rng.normal(0, size, 2) + rng.normal(0, 0.3, line.shape))) / 64
        for name, line in face.outlines.items()
    }
    return face._replace(points=moved(face.points), outlines=outlines)


def moved(face: Face, **by: tuple[float, float]) -> Face:
    """The face with some points moved by pixels (right, down)."""
    points = face.points.copy()
    for name, shift in by.items():
        points[INDEX[name]] += shift
    return face._replace(points=points)


def table_of(faces: dict[str, Face], **columns: Any) -> pa.Table:
    """ANTHROPOMETRY_POINTS rows by image_id; a NaN is null in the table. `columns`: one value for all."""

    def plain(values: np.ndarray) -> list[float | None]:
        return [None if np.isnan(own) else float(own) for own in values.ravel()]

    given = {"subject_id": "s", "population": "control", "yaw_deg": 0.0, "smile": 0.8, "opening": 0.0} | columns
    return ANTHROPOMETRY_POINTS.table(
        given
        | {"image_id": name, "points": plain(face.points), "errors": plain(face.errors)}
        | {line.name: plain(face.outlines[line.name]) for line in OUTLINES if line.name in face.outlines}
        for name, face in faces.items()
    )
