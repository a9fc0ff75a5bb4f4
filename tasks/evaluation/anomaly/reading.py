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

from tasks.base.words import counted
from tasks.evaluation.anomaly.compare import Combination, turned
from tasks.evaluation.anomaly.words import MEASURE, combination
from tasks.pages.chapter import Reading, Said
from tasks.pages.environment import number
from tasks.pages.overlays import around_face, jpeg, lay_over

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
        where = "further from the nearest face that the generator draws"
        few = f"only {counted(len(self.controls), 'control')} that the generator had not seen: too few to tell"
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
        return {"name": combination(self.made._asdict()), "at": at(self.score or 0.0), "rows": rows}

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


def pictures(
    *,
    aligned: np.ndarray,  # (R, R, 3) uint8 RGB
    normalised: np.ndarray,  # (R, R, 3) uint8 RGB
    heat: np.ndarray,  # (R, R) float >= 0, the headline heatmap inside its mask
    photograph: np.ndarray,  # (H, W, 3) uint8 RGB
    heat_on_photograph: np.ndarray,  # (H, W) float, `heat` warped back
    to_original: np.ndarray,  # (2, 3) pixel of the aligned picture to pixel of the photograph
    high: float,  # the heat that gets the last colour: the cohort's, or this photograph's highest
    opacity: float,  # 0..1
) -> Mapping[str, bytes]:
    """The pictures of a reading by field name, as JPEG."""
    rows, columns = around_face(to_original, aligned.shape[0], (photograph.shape[0], photograph.shape[1]))
    face = lay_over(photograph[rows, columns], heat_on_photograph[rows, columns], high=high, opacity=opacity)
    return {
        "original": jpeg(aligned, side=SIDES["picture"]),
        "normalised": jpeg(normalised, side=SIDES["picture"]),
        "overlay": jpeg(lay_over(aligned, heat, high=high, opacity=opacity), side=SIDES["picture"]),
        "on_original": jpeg(face, side=SIDES["face"]),
    }
