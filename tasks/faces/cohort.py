"""Which control subjects a network learns from, and which are held out: by the subject's name alone.

In: subjects, a seed, the share that is held out. Out: whether a subject trains; the rows that train, and those held
out; the photographs of people whom the network has not seen. A photograph that comes in later moves nobody. Knows
nothing of pictures.
"""

from collections.abc import Collection
from itertools import compress
from operator import not_
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from tasks.base.runtime import seed_of
from tasks.errors import InputError

LEAST = 8
"""Photographs below which no network is trained, and people among the controls, held out or not."""
WHO = ["image_id", "subject_id", "population"]
_PARTS = 2**20


class Numbers(Protocol):
    """What a training's block of params.yaml says of it."""

    @property
    def seed(self) -> int:
        """Of who is held out."""

    @property
    def held_out(self) -> float:
        """Share of the control subjects that never train."""


class Split(NamedTuple):
    """How the controls are divided. No patient ever trains (law 7)."""

    seed: int
    held_out: float  # share of the control subjects that never train, 0..1; 1: nobody trains

    def trains(self, subject_id: str, population: str) -> bool:
        """Whether a network learns from this subject: a control that is not held out."""
        return population == "control" and seed_of(self.seed, "held out", subject_id) % _PARTS >= self.held_out * _PARTS

    def unseen(self, photographs: pa.Table, populations: Collection[str]) -> list[dict[str, str]]:
        """`WHO` of the photographs of these populations, controls from whom the network learned left out."""
        return [
            row
            for row in photographs.select(WHO).to_pylist()
            if row["population"] in populations and not self.trains(row["subject_id"], row["population"])
        ]

    def divided(self, aligned: pa.Table) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Usable rows of ALIGNED by image_id: those that train, and those held out. InputError: a patient, too few."""
        if patients := sum(population != "control" for population in aligned["population"].to_pylist()):
            raise InputError(f"{patients} photographs of patients among those to train on; controls alone train")
        if reason := self.too_few(aligned):
            raise InputError(reason)
        rows = sorted(
            (row for row in aligned.to_pylist() if row["reason"] is None), key=lambda row: str(row["image_id"])
        )
        learns = [self.trains(row["subject_id"], row["population"]) for row in rows]
        return list(compress(rows, learns)), list(compress(rows, map(not_, learns)))

    def too_few(self, aligned: pa.Table) -> str | None:
        """Why the rows of ALIGNED cannot train a network, and what to add; None where they can."""
        rows = [row for row in aligned.select([*WHO, "reason"]).to_pylist() if row["reason"] is None]
        count = sum(self.trains(row["subject_id"], row["population"]) for row in rows)
        people = len({row["subject_id"] for row in rows if row["population"] == "control"})
        if count < LEAST:
            return f"{count} aligned photographs of controls to train on, {LEAST} are needed; add controls"
        if people < LEAST:
            return f"{people} people among the controls, {LEAST} are needed; add controls"
        return None


NOBODY_TRAINS = Split(seed=0, held_out=1.0)


def split_of(settings: Numbers) -> Split:
    """As a training's numbers divide the controls."""
    return Split(settings.seed, settings.held_out)
