"""What an adapter learns from: latents and texts of a condition's training photographs, and which come in which step.

In: the tables of captions, latents and texts. Out: examples; batches as functions of the seed and the step's number.
Rosero et al. 2025, DiffusionCleft, sections 3.2 and 4.2. Nobody of the split `test` is among them. Controls without the
trigger may be mixed in (`preservation`), so that the trigger has something to tell apart: where there are such, of the
patient's own age group and gender, or these words would call the cleft up as well. Knows nothing of networks.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from tasks.base import absence, runtime
from tasks.base.digests import digest, table_digest
from tasks.errors import InputError
from tasks.params.synthesis import SynthesisTrain
from tasks.synthesis.adapter.trigger import without_trigger

WHO = {"pre": ("before", "unrepaired"), "post": ("after", "repaired")}
"""By condition: when, and what images.csv calls these patients."""


class ExamplesError(InputError):
    """Nothing can be learned from these tables; the message says what is missing."""


@dataclass(frozen=True)
class Examples:
    """Pictures and mirrored pictures of one condition's patients, then of controls."""

    condition: str
    latents: list[Tensor]  # each (C * h * w,) float32
    buckets: list[tuple[int, int]]  # width and height in pixels of each
    text: list[int]  # row of pooled and tokens of each
    own: int  # so many are patients', the first ones
    alike: list[list[int]]  # of each patient's: rows of controls whose captions differ in the cleft alone, or all
    photographs: int  # of patients
    subjects: int  # of patients
    framed: bool  # whether all are squares around a face
    pooled: Tensor  # (t, P)
    tokens: Tensor  # (t, L * D)
    digest: str  # of all of this


@dataclass(frozen=True)
class Batch:
    """One step's examples, all of one bucket."""

    latents: Tensor  # (n, C * h * w)
    width: int  # px
    height: int  # px
    pooled: Tensor  # (n, P)
    tokens: Tensor  # (n, L * D)


def examples_of(captions: pa.Table, latents: pa.Table, texts: pa.Table, *, condition: str) -> Examples:
    """Everybody of the condition and all controls of the split `train`.

    Absent: no photograph of the condition. ExamplesError: one without text.
    """
    told = {row["image_id"]: row for row in captions.to_pylist() if row["reason"] is None and row["split"] == "train"}
    place = {image_id: row for row, image_id in enumerate(texts["image_id"].to_pylist())}
    found: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for row in latents.sort_by([("image_id", "ascending"), ("flipped", "ascending")]).to_pylist():
        said = told.get(row["image_id"])
        if said and said["condition"] in (condition, "control") and row["reason"] is None:
            if row["image_id"] not in place:
                raise ExamplesError(f"photograph {row['image_id'][:12]} has no text; run the stage synthesis_cache")
            found[said["condition"] == condition].append(row)
    own = found[True]
    if not own:
        when, population = WHO[condition]
        raise absence.Absent(
            f"no photograph of a patient {when} repair to learn from (some people are kept for tests); add patients "
            f"(population {population} in images.csv) whose faces are found"
        )
    everyone = own + found[False]
    plain = [without_trigger(str(told[row["image_id"]]["prompt"])) for row in everyone]
    photographs = {row["image_id"] for row in own}
    said_table = captions.filter(pa.array([image_id in told for image_id in captions["image_id"].to_pylist()]))
    return Examples(
        condition=condition,
        latents=[torch.tensor(row["latent"], dtype=torch.float32) for row in everyone],
        buckets=[(row["width"], row["height"]) for row in everyone],
        text=[place[row["image_id"]] for row in everyone],
        own=len(own),
        alike=_alike(plain, [(row["width"], row["height"]) for row in everyone], len(own)),
        photographs=len(photographs),
        subjects=len({told[image_id]["subject_id"] for image_id in photographs}),
        framed=all(told[row["image_id"]]["frame"] is not None for row in everyone),
        pooled=torch.tensor(texts["pooled"].to_pylist(), dtype=torch.float32),
        tokens=torch.tensor(texts["tokens"].to_pylist(), dtype=torch.float32),
        digest=digest([condition, *map(table_digest, (said_table, latents, texts))]),
    )


def _alike(plain: list[str], buckets: list[tuple[int, int]], own: int) -> list[list[int]]:
    """Of each patient's example the controls' of its bucket: those with its words, else all."""
    found = []
    for said, bucket in zip(plain[:own], buckets[:own], strict=True):
        controls = [row for row in range(own, len(plain)) if buckets[row] == bucket]
        found.append([row for row in controls if plain[row] == said] or controls)
    return found


def steps_of(examples: Examples, settings: SynthesisTrain) -> int:
    """Optimiser steps: `steps_per_image` for each photograph (section 4.2: 10 N)."""
    return max(1, math.ceil(settings.steps_per_image * examples.photographs))


def batch_at(step: int, examples: Examples, settings: SynthesisTrain) -> Batch:
    """The step's examples. Every patient's example comes once a round before any comes again."""
    rounds = _round(tuple(examples.buckets[: examples.own]), settings.batch_size, settings.seed, 0)
    number, within = divmod(step, len(rounds))
    chosen = _round(tuple(examples.buckets[: examples.own]), settings.batch_size, settings.seed, number)[within]
    draws = runtime.generator(settings.seed, "controls", step)
    swapped = torch.rand(len(chosen), generator=draws) < settings.preservation
    place = torch.rand(len(chosen), generator=draws)
    rows = []
    for row, swap, share in zip(chosen, swapped.tolist(), place.tolist(), strict=True):
        controls = examples.alike[row]
        rows.append(controls[int(share * len(controls))] if swap and controls else row)
    texts = [examples.text[row] for row in rows]
    width, height = examples.buckets[chosen[0]]
    stacked = torch.stack([examples.latents[row] for row in rows])
    return Batch(stacked, width, height, examples.pooled[texts], examples.tokens[texts])


@lru_cache(maxsize=4)
def _round(buckets: tuple[tuple[int, int], ...], size: int, seed: int, number: int) -> list[list[int]]:
    """The batches of a round: each bucket's examples shuffled and cut, the batches shuffled."""
    by_bucket: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, bucket in enumerate(buckets):
        by_bucket[bucket].append(row)
    draws = runtime.generator(seed, "round", number)
    cut: list[list[int]] = []
    for _, rows in sorted(by_bucket.items()):
        order = [rows[int(place)] for place in torch.randperm(len(rows), generator=draws)]
        cut += [order[at : at + size] for at in range(0, len(order), size)]
    return [cut[int(place)] for place in torch.randperm(len(cut), generator=draws)]
