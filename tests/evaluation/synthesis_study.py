"""Made-up synthesis tables with known truth: who is flagged, quarantined and released, and how they were rated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd

from tasks.base import tables
from tasks.evaluation.synthesis.compare import Synthesis
from tasks.evaluation.synthesis.section import Section, plan_section, read_pictures, wanted
from tasks.params.evaluation import Report
from tasks.schemas.synthesis import (
    ADAPTER_CURVES,
    CAPTIONS,
    CLASSIFIED,
    GENERATED,
    IDENTITY,
    PROJECTIONS,
    PROMPTS,
    SCREENED,
)

COUNT = 24
"""Pictures a condition: 0 is quarantined, 1 to 7 bear flags, the last one could not be drawn."""
FLAGGED = {1: ["no_face"], 2: ["several_faces", "blurred"], 3: ["cropped"], 4: ["text"], 5: ["blurred"], 6: ["age"]}
FLAGGED |= {7: ["skin_tone", "text"]}
TONES, PEOPLE, CLEFTS = ("light", "dark", "olive"), ("girl", "boy", "baby"), ("unilateral", "bilateral")
CLASSES = {"pre": 12, "post": 16, "control": 20}
NETWORK = {"identity": "dlib", "threshold": 0.95, "inception": "random", "lpips": "random", "stand_ins": []}


def name_of(condition: str, number: int) -> str:
    return f"generated-{condition}-{number:02d}"


def png(rng: np.random.Generator, side: int = 32) -> bytes:
    picture = cv2.GaussianBlur(rng.uniform(60, 220, (side, side, 3)), (0, 0), 4).astype(np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


def draw_rows(rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("prompts", "generated", "screened", "identity")}
    for condition in ("pre", "post"):
        for n in range(COUNT):
            who = {"image_id": name_of(condition, n), "condition": condition}
            failed = n == COUNT - 1
            parts = {"person": PEOPLE[n % 3], "skin_tone": TONES[n % 3], "cleft": CLEFTS[n % 2], "hair": "curly"}
            prompt = f"[CLP] A {parts['person']}'s whole face. {parts['skin_tone']} skin."
            rows["prompts"].append(
                who | parts | {"number": n, "seed": n, "prompt": prompt, "eyes": "brown", "status": "x"}
            )
            picture = {"picture": None if failed else png(rng), "reason": "not finite" if failed else None}
            rows["generated"].append(who | {"number": n, "clip_over": 0, "t5_over": 0} | picture)
            rows["screened"].append(
                who
                | {"faces": int(n != 1), "flags": FLAGGED.get(n, [])}
                | {"reason": "no picture" if failed else "; ".join(FLAGGED.get(n, [])) or None}
            )
            lost = failed or n == 1
            near = {"nearest_id": f"photo-{condition}-{n % 8:02d}", "similarity": 0.96 if n == 0 else 0.3 + n / 100}
            near |= {"matches": int(n == 0), "pairs": 8, "repeats": n == 0, "quarantined": n == 0, "reason": None}
            none = {"nearest_id": None, "similarity": None, "matches": 0, "pairs": 0, "repeats": False}
            none |= {"quarantined": True}
            rows["identity"].append(who | (none | {"reason": "no face"} if lost else near))
    return rows


def draw_photographs(rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Captions, and answers of classifiers that are right about four times of five."""
    captions: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for condition, count in CLASSES.items():
        for n in range(count):
            split = "train" if n < 8 and condition != "control" else "test"
            who = {"image_id": f"photo-{condition}-{n:02d}", "subject_id": f"person-{condition}-{n // 2:02d}"}
            prompt = None if condition == "control" else "[CLP] A face."
            captions.append(who | {"condition": condition, "split": split, "prompt": prompt, "edited": False})
            for task, ones in (("lip_anomaly", "post"), ("pre_post", "post")):
                others = "control" if task == "lip_anomaly" else "pre"
                if split == "test" and condition in (ones, others):
                    truth = int(condition == ones)
                    right = rng.random() < 0.8
                    probability = 0.8 if bool(truth) == right else 0.2
                    answers.append(who | {"task": task, "truth": truth, "probability": probability})
    captions.append(
        {"image_id": "photo-refused", "subject_id": "person-pre-00", "condition": "pre", "split": "train"}
        | {"edited": False, "reason": "no face"}
    )
    return captions, answers


def draw_ratings(rng: np.random.Generator) -> pd.DataFrame:
    """Two raters on two scales: generated about 4.5, photographs 4.7; and a rating on another scale."""
    rows = []
    shown = [(name_of(c, n), 4.5) for c in ("pre", "post") for n in range(8, 20)]
    shown += [(f"photo-{c}-{n:02d}", 4.7) for c in ("pre", "post") for n in range(8)]
    for image, mean in shown:
        seen = mean + rng.normal(0, 0.4)
        for rater in ("surgeon_1", "surgeon_2"):
            for scale in ("realism", "plausibility"):
                score = float(np.clip(round(seen + rng.normal(0, 0.3)), 1, 5))
                rows.append((image, rater, "medical", scale, score))
    rows.append((shown[0][0], "surgeon_1", "medical", "CARS", 2.0))
    return pd.DataFrame(rows, columns=["image_id", "rater_id", "rater_role", "scale", "score"])


def draw_measures(rng: np.random.Generator) -> dict[str, Any]:
    edges = np.linspace(-0.2, 1, 25)
    identity = {}
    for condition in ("pre", "post"):
        values = np.append(rng.normal(0.2, 0.1, (COUNT - 2) * 8 - 1), 0.96)
        counts = np.histogram(values, edges)[0]
        identity[condition] = {
            "fir": 1 / len(values),
            "matching_pairs": 1,
            "pairs": len(values),
            "pictures_with_match": 1,
            "pictures": COUNT - 2,
            "mean": float(values.mean()),
            "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
            "nearest": [],
        }
    fidelity = {
        name: {"fid": fid, "kid": 0.0123, "kid_std": 0.002, "n_real": n, "n_generated": COUNT - 1}
        for name, fid, n in (("pre", 31.25, 8), ("post", 29.5, 8), ("all", 25.125, 16))
    }
    diversity: dict[str, Any] = {
        name: {"lpips": 0.5125, "low": 0.48, "high": 0.55, "pairs": 40} for name in ("pre", "post")
    }
    diversity["all"] = {"lpips": None, "low": None, "high": None, "pairs": 0, "reason": "fewer than two pictures"}
    return {"identity": identity, "fidelity": fidelity, "diversity": diversity, "network": NETWORK}


def draw_synthesis_study(*, seed: int = 5) -> SimpleNamespace:
    """`made` as `read_synthesis` gives it, tables as their schemas have them, ratings, projections, curves."""
    rng = np.random.default_rng(seed)
    rows = draw_rows(rng)
    captions, answers = draw_photographs(rng)
    points = [
        {"image_id": one["image_id"], "condition": one["condition"], "origin": origin}
        | {"x": float(rng.normal()), "y": float(rng.normal())}
        for origin, own in (("generated", rows["prompts"]), ("real", captions))
        for one in own
    ]
    own = {
        "prompts": PROMPTS.table(rows["prompts"]),
        "screened": SCREENED.table(rows["screened"]),
        "identity": IDENTITY.table(rows["identity"]),
        "captions": CAPTIONS.table(captions),
        "classified": CLASSIFIED.table(answers),
    }
    released = frozenset(name_of(c, n) for c in ("pre", "post") for n in range(8, COUNT - 1))
    measures = draw_measures(rng)
    frames = {name: table.to_pandas() for name, table in own.items()}
    curve = [{"step": s, "loss": 1.0 / (1 + s), "rate": 1e-4} for s in range(0, 100, 10)]
    return SimpleNamespace(
        tables=own,
        generated=GENERATED.table(rows["generated"]),
        projections=PROJECTIONS.table(points).to_pandas(),
        curves={name: ADAPTER_CURVES.table(curve).to_pandas() for name in ("pre", "post")},
        ratings=draw_ratings(rng),
        made=Synthesis(**frames, released=released, measures=measures, trigger={"pre": {"called": 0.8, "left": 0.1}}),
    )


def section_of(study: SimpleNamespace, *, show_training_pairs: bool, notices: Sequence[str] = ()) -> Section:
    """The section with its pictures; where pairs are shown a photograph is any picture."""
    settings = Report(
        examples=4, gallery=5, opacity=0.5, sheet=4, few_people=20, table=100, show_training_pairs=show_training_pairs
    )
    plan = plan_section(study.made, settings, notices)
    own, photographs = wanted(plan, settings)
    pictures = read_pictures([study.generated], own, side=144)
    return replace(plan, pictures=pictures | dict.fromkeys(photographs, next(iter(pictures.values()))))


def write_study(study: SimpleNamespace, folder: Path) -> None:
    """The tables as the stages lay them out under data/synthesis, without measures and adapters."""
    schemas = {"prompts": PROMPTS, "captions": CAPTIONS, "identity": IDENTITY, "classified": CLASSIFIED}
    for name, schema in schemas.items():
        file = f"{name}.parquet" if name in ("identity", "classified") else f"{name}/00.parquet"
        tables.write(study.tables[name], folder / file, schema, provenance={})
    for condition in ("pre", "post"):
        for name, table, schema in (
            (f"screened/{condition}", study.tables["screened"], SCREENED),
            (f"{condition}/generated", study.generated, GENERATED),
        ):
            frame = table.to_pandas()
            rows = table.take(np.flatnonzero(frame["condition"] == condition))
            tables.write(rows, folder / name / "00.parquet", schema, provenance={})
    for image in study.made.released:
        _, condition, number = image.split("-")
        file = folder / "released" / condition / f"{condition}_{int(number):05d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
