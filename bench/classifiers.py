"""What generated pictures teach about clefts, asked of many drawn people: `python -m bench.classifiers` after the demo.

--people N   so many new people of each kind: controls, before repair, after repair
--tiny       four of each

The demo keeps some twenty photographs of each kind for the classifiers' test, which says little, and their numbers were
chosen after a look at it. Here the same classifiers (`synthesis_classify`: the project's generated pictures and its
controls train) answer for people who are in no table. Besides, the children before repair are drawn once more without
the cleft: if a classifier saw their age, and no cleft, it would call them patients. Intervals by person.
"""

import argparse
import csv
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks import params
from tasks.base import images, tables
from tasks.evaluation.synthesis.compare import classified
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestLandmarks
from tasks.params.phantoms import PhantomsDraw
from tasks.params.synthesis import SynthesisCaptions, SynthesisClassify, SynthesisGenerate
from tasks.phantoms.dataset import draw_dataset, draw_uncleft
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.synthesis import CAPTIONS, CONDITIONS, GENERATED, IDENTITY, SCREENED
from tasks.synthesis.captions import CLASS_OF
from tasks.synthesis.framing import frame_of
from tasks.synthesis.manifest import MANIFEST
from tasks.synthesis.measures.classifiers import classify

DATA = Path("data/synthesis")
OTHERS = 3000
"""What is added to the demo's seed for people whom the demo does not have."""
TASKS = {
    "unrepaired": "cleft before repair against controls",
    "lip_anomaly": "cleft after repair against controls",
    "pre_post": "before against after repair",
}


def main(given: list[str] | None = None) -> None:
    """Draw people, ask the project's classifiers, print a line a question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--tiny", action="store_true", help="four of each kind")
    options = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as scratch:
        people = drawn(Path(scratch), 4 if options.tiny else options.people)
        told = asked([row for row in people if row["kind"] != "without the cleft"])
        again = asked([row for row in people if row["kind"] in ("without the cleft", "pre")])
    settings = params.load(Evaluate, "evaluate")
    for task, words in TASKS.items():
        print(f"{words}: {said(classified(told, task, settings))}")
    print(f"the same children with and without the cleft: {said(classified(again, 'unrepaired', settings))}")


def drawn(folder: Path, people: int) -> list[dict[str, Any]]:
    """New people of each kind with their points; `kind` is the class, or "without the cleft"."""
    demo = params.load(PhantomsDraw, "phantoms_draw")
    changes = dict.fromkeys(("control_subjects", "repaired_subjects", "unrepaired_subjects"), people)
    changes |= dict.fromkeys(("stills_per_control", "stills_per_repaired", "stills_per_unrepaired"), 1)
    settings = demo.model_copy(update={"seed": demo.seed + OTHERS, "clip_subjects": 0, **changes})
    draw_dataset(folder / "raw", settings=settings, workers=1)
    draw_uncleft(folder / "without", settings=settings, workers=1)
    with (folder / "raw/images.csv").open(encoding="utf-8") as file:
        listed = [(row["path"], row["subject_id"], CLASS_OF[row["population"]]) for row in csv.DictReader(file)]
    own = [(folder / "raw" / path, who, kind) for path, who, kind in listed]
    own += [(folder / "without" / path, who, "without the cleft") for path, who, kind in listed if kind == "pre"]
    how, margin = params.load(IngestLandmarks, "ingest_landmarks"), params.load(SynthesisCaptions, "synthesis_captions")
    found: list[dict[str, Any]] = []
    for path, who, kind in own:
        face = measure_face(images.read(path), how)
        if face["reason"] is None:
            points = np.reshape(face["points"], (68, 2))  # type: ignore[call-overload]
            frame = None if margin.frame is None else frame_of(points, margin.frame)
            row = {"image_id": f"{kind} {who}", "subject_id": who, "kind": kind, "path": str(path)}
            found.append(row | {"points": points.ravel().tolist(), "frame": frame})
    return found


def asked(people: list[dict[str, Any]]) -> pd.DataFrame:
    """CLASSIFIED rows: the project's generated pictures and controls train, these people are the test."""
    known = tables.read(DATA / "captions", CAPTIONS)
    trains = known.filter(pc.equal(known["split"], "train"))
    test = CAPTIONS.table(
        {name: row[name] for name in ("image_id", "subject_id", "frame")}
        | {"condition": "control" if row["kind"] == "without the cleft" else row["kind"], "split": "test"}
        | {"edited": False, "reason": None}
        for row in people
    )
    pictures = tables.read(Path("data/ingest/images"), IMAGES).select(["image_id", "path"])
    points = tables.read(Path("data/ingest/landmarks"), LANDMARKS, ["image_id", "points"])
    more = pa.Table.from_pylist([{name: row[name] for name in ("image_id", "path")} for row in people])
    found = pa.Table.from_pylist([{name: row[name] for name in ("image_id", "points")} for row in people])
    told = classify(
        tables.read(DATA / "pre/generated", GENERATED),
        tables.read(DATA / "post/generated", GENERATED),
        pa.concat_tables([pictures, more.cast(pictures.schema)]),
        pa.concat_tables([points, found.cast(points.schema)]),
        pa.concat_tables([trains, test]),
        pa.concat_tables(tables.read(DATA / "screened" / name, SCREENED) for name in CONDITIONS),
        tables.read(DATA / "identity.parquet", IDENTITY),
        base=DATA / "base" / MANIFEST,
        side=params.load(SynthesisGenerate, "synthesis_generate").side,
        settings=params.load(SynthesisClassify, "synthesis_classify"),
        model=params.load(IngestLandmarks, "ingest_landmarks").model,
        weights="data/weights",
    )
    return pd.DataFrame(told.to_pylist(), columns=told.column_names)


def said(found: dict[str, Any]) -> str:
    """Balanced accuracy with its interval, AUC, how many."""
    if found["reason"]:
        return str(found["reason"])
    even, area = found["balanced_accuracy"], found["auc"]
    low, high = (np.nan if even[end] is None else even[end] for end in ("low", "high"))
    return (
        f"balanced accuracy {even['value']:.2f} ({low:.2f} to {high:.2f}), AUC {area['value']:.2f}, "
        f"{found['n']} photographs of {found['n_subjects']} people"
    )


if __name__ == "__main__":
    main()
