"""One photograph's anomaly score beside the cohort's, and its heatmap over the photograph.

In: S and the pictures that the anomaly stages make of a photograph, and the cohort's scores. Out: what a photograph's
page and `vermilion score --json` show of it. Hayajneh et al., section 1.6 and Figure 10. Knows nothing of generators,
files and tables on disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tasks.base.images import decode_png, encode_png
from tasks.base.words import counted
from tasks.evaluation.anomaly.compare import Combination, turned
from tasks.evaluation.anomaly.words import MEASURE, NORMALS, Normal, combination
from tasks.faces.alignment import Aligned, overlay_on_original
from tasks.pages.chapter import Reading, Said
from tasks.pages.environment import number
from tasks.pages.overlays import around_face, decode_heat, jpeg, lay_over

ALONE = (
    "Usually something that is alike on both sides or lies beside the lips: a cleft of both sides, a scar, colour, "
    "hair, glasses, make-up or light."
)
QUIET = "Usually a difference that faces without a cleft have too, such as an expression."
"""What it usually means where S alone stands out, and where all other measures do and S does not."""

SIDES = {"picture": 260, "face": 420}
"""Pixels of the aligned pictures, and of the photograph's face."""


@dataclass(frozen=True)
class AnomalyReading:
    """S of one photograph and what it is read beside; with a `reason` there is no score. Pictures may be missing."""

    made: Combination  # how the score was made
    controls: np.ndarray  # (n,) S of unseen controls
    patients: np.ndarray  # (m,) S of patients
    against: Normal = "drawn"
    clear: float = 0.05  # share of controls below an S that stands out
    doubt: str | None = None  # why S says nothing
    guess: str | None = None  # why S does not tell whether a photograph stands out
    trust: str = ""  # how well S tells patients from controls, as a sentence
    tried: Mapping[str, Any] = field(default_factory=dict)  # the same as numbers, for --json
    score: float | None = None
    reason: str | None = None
    original: bytes | None = None  # JPEG, aligned
    normalised: bytes | None = None  # JPEG, the nearest face after adaptation
    overlay: bytes | None = None  # JPEG, heat over the aligned face
    on_original: bytes | None = None  # JPEG, heat over the photograph, cut to the face

    def record(self) -> dict[str, Any]:
        """The result as plain values, for --json; a percentile is the share of a group whose S is lower."""
        made = {name: getattr(self.made, name) for name in ("heatmap", "processing", "region")}
        among = {name: round(value, 1) for name, value in self._below().items()}
        return {
            "score": self.score,
            **made,
            "percentile_among": among,
            "stands_out": self.stands_out(),
            "tested": dict(self.tried),
            "doubt": self.doubt,
            "reason": self.reason,
        }

    def _below(self) -> dict[str, float]:
        return {} if self.score is None else {row["key"]: row["below"] for row in self._rows()}

    def stands_out(self) -> bool | None:
        """Whether S is lower than nearly all unseen controls'; None where that is not to be told."""
        if self.score is None or self.guess or len(self.controls) * self.clear < 1:
            return None
        return bool(np.mean(self.controls <= self.score) < self.clear)

    def as_reading(self, name: str, title: str, source: str) -> Reading:
        """The chapter's reading of the photograph."""
        below = self._below().get("unseen_controls")
        return Reading(
            name,
            title,
            record=self.record(),
            cells={
                f"{MEASURE} S": self.score,
                f"{MEASURE} above % of controls": None if below is None else round(below, 1),
            },
            reason=self.reason,
            said=[] if self.score is None else [self.say()],
            source=source,
            template="evaluation/anomaly/photo.html.j2",
            context={"anomaly": self},
        )

    def say(self) -> Said:
        """S in plain words."""
        far = 100 * float(np.mean(self.controls > self.score)) if len(self.controls) else None
        out = self.stands_out()
        where = f"further from {NORMALS[self.against]}"
        few = f"only {counted(len(self.controls), 'control')} that the network had not seen: too few to tell"
        return Said(
            name=MEASURE,
            value=f"S {number(self.score, 2)}",
            place=self.guess
            or ("" if far is None else f"{where} than {far:.0f} % of {len(self.controls)} unseen controls"),
            stands_out=out,
            sure=few if out is None and not self.guess else "",
            alone=ALONE,
            quiet=QUIET,
            doubt=self.doubt,
            trust=self.trust,
        )

    def shown(self) -> dict[str, Any]:
        """What the page says: names, places among the groups, and the strips' geometry in per cent."""
        every = np.concatenate([self.controls, self.patients, [self.score or 0.0]])
        low, high = float(every.min()), float(every.max())
        room = 0.04 * (high - low) or 1.0

        def at(value: float) -> float:
            return round(100 * (value - low + room) / (high - low + 2 * room), 3)

        rows = [row | {"ticks": [at(value) for value in row["values"]]} for row in self._rows()]
        return {
            "name": combination(self.made._asdict(), self.against),
            "held_against": NORMALS[self.against],
            "at": at(self.score or 0.0),
            "rows": rows,
        }

    def _rows(self) -> list[dict[str, Any]]:
        groups = (
            ("unseen_controls", "unseen controls", self.controls, "positive"),
            ("patients", "patients", self.patients, "rated"),
        )
        return [
            {
                "key": key,
                "name": name,
                "css": css,
                "n": len(values),
                "values": np.sort(values),
                "below": float(np.count_nonzero(values < (self.score or 0.0)) * (100.0 / len(values))),
            }
            for key, name, values, css in groups
            if len(values)
        ]


def cohort(scores: pd.DataFrame, made: Combination) -> dict[str, np.ndarray]:
    """`controls` and `patients` of a reading: S of every photograph in ANOMALY_SCORES, by population."""
    far = turned(scores).get(made, pd.Series(dtype=float))
    population = scores.drop_duplicates("image_id").set_index("image_id")["population"].reindex(far.index)
    own, known = population == "control", -far
    return {"controls": known[own].to_numpy(float), "patients": known[~own].to_numpy(float)}


def row_of(face: Aligned, image_id: str) -> dict[str, Any]:
    """One photograph's row of ALIGNED."""
    return {
        "image_id": image_id,
        "subject_id": "photograph",
        "population": "repaired",
        "picture": encode_png(face.picture),
        "to_original": face.to_original.ravel().tolist(),
        "points": face.points.ravel().tolist(),
        "face_share": face.face_share,
        "outside_share": face.outside_share,
    }


def pictures(
    photograph: np.ndarray,  # (H, W, 3) uint8 RGB
    face: Aligned,
    found: Mapping[str, Any],  # its row of ANOMALY_MAPS
    *,
    opacity: float,  # 0..1
) -> dict[str, bytes]:
    """The pictures of a reading by field name, as JPEG; the photograph's highest heat gets the last colour."""
    heat, high = decode_heat(found["heat"], found["heat_high"]), found["heat_high"]
    there = overlay_on_original(heat, face.to_original, photograph.shape[:2])
    side = face.picture.shape[0]
    rows, columns = around_face(face.to_original, side, (photograph.shape[0], photograph.shape[1]))
    on_original = lay_over(photograph[rows, columns], there[rows, columns], high=high, opacity=opacity)
    return {
        "original": jpeg(face.picture, side=SIDES["picture"]),
        "normalised": jpeg(decode_png(found["normalised"]), side=SIDES["picture"]),
        "overlay": jpeg(lay_over(face.picture, heat, high=high, opacity=opacity), side=SIDES["picture"]),
        "on_original": jpeg(on_original, side=SIDES["face"]),
    }
