"""Whether measures follow skin, light or hair: `python -m bench.fairness [--project FOLDER]`, or `--tiny` in seconds.

In: drawn people whom no stage draws: controls, and patients after repair at four severities; and, with --project, a
project's networks and what its own report says. Out: Spearman's rho of every value with how light the skin was drawn,
how bright and how uneven the light, how dark the hair, with intervals over people: among controls, and within equal
severity. Wanted: a size of at most 0.1. S and D need a project that has run; the others learn from nobody.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tasks import params
from tasks.anthropometry import errors, measuring
from tasks.anthropometry.locating import locate as locating
from tasks.base.digests import file_digest
from tasks.ingest.faces.landmarks import locate
from tasks.ingest.faces.lips import cut_lips
from tasks.params.anomaly import AnomalyAdapt, AnomalyAlign, AnomalyInvert, AnomalyPerceptual, AnomalyScore
from tasks.params.anthropometry import AnthropometryMeasure, AnthropometryPoints
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestLandmarks, IngestLips
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms.dataset import Population, identity_seed
from tasks.phantoms.files import SITTING_STREAM, Still, draw_files
from tasks.phantoms.identity import another_sitting, identity
from tasks.phantoms.palette import HAIR
from tasks.phantoms.shape import NO_CLEFT, Cleft
from tasks.schemas.ingest import FRAMES, IMAGES
from tasks.statistics.bootstrap import Estimate
from tasks.statistics.following import following, standing
from tasks.symmetry.baselines import measure_photographs

FACES, TINY_FACES = 160, 8
SEVERITIES = (0.25, 0.5, 0.75, 1.0)
NEW = 7_000_000
"""Number of the first drawn person: no stage draws these."""
LIMIT = 0.1
PARTS = ("peak_height_difference", "lip_mismatch")
NETWORK, GENERATOR = "data/symmetry/clp/model/model.safetensors", "data/anomaly/generator/generator.safetensors"


class Drawn(NamedTuple):
    """New people: the tables that stages make of their photographs, and what is true of each photograph."""

    images: pa.Table
    landmarks: pa.Table
    truth: pd.DataFrame  # by image_id: traits, severity, subject


def main(given: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=FACES, help="controls, and as many patients")
    parser.add_argument("--project", type=Path, help="a folder whose networks are tried, too, and whose report is read")
    parser.add_argument("--every", action="store_true", help="all scores of the headline's region, not it alone")
    parser.add_argument("--tiny", action="store_true", help="a few faces: the numbers mean nothing")
    options = parser.parse_args(given)
    faces = TINY_FACES if options.tiny else options.faces
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw(Path(folder), faces)
        values = plain(drawn)
        if options.project:
            values |= by_networks(drawn, options.project, every=options.every)
        tell(values, drawn.truth, least=3 if options.tiny else 20)
    if options.project:
        reported(options.project / "data/reports/metrics.json")


def draw(folder: Path, faces: int) -> Drawn:
    """Controls and patients, one photograph each, and their landmarks as the pipeline finds them."""
    settings = params.load(PhantomsDraw, "phantoms_draw")
    clefts = [Cleft(SEVERITIES[n * len(SEVERITIES) // faces], ("left", "right")[n % 2]) for n in range(faces)]
    who: list[tuple[Population, Cleft]] = [
        *(("control", NO_CLEFT) for _ in clefts),
        *(("repaired", own) for own in clefts),
    ]
    stills = [
        Still(
            path=f"{population}{number}.png",
            subject_id=f"{population}{number}",
            seed=identity_seed(population, NEW + number, seed=settings.seed),
            number=0,
            size=settings.image_size,
            cleft=cleft,
            variation=settings.variation,
        )
        for number, (population, cleft) in enumerate(who)
    ]
    draw_files(folder, stills, workers=1)
    ids = [file_digest(folder / still.path) for still in stills]
    rows = (
        {"image_id": image_id, "path": str(folder / still.path), "names": [still.path], "kind": "still"}
        | {"subject_id": still.subject_id, "population": population, "size_bytes": 0}
        for image_id, still, (population, _) in zip(ids, stills, who, strict=True)
    )
    images = IMAGES.table(rows)
    found = locate(images, FRAMES.table([]), settings=params.load(IngestLandmarks, "ingest_landmarks"))
    truth = pd.DataFrame([_truth(still) for still in stills], index=pd.Index(ids, name="image_id"))
    return Drawn(images, found, truth)


def _truth(still: Still) -> dict[str, Any]:
    """What was drawn: as in `draw_still`, in the light of its own sitting."""
    rng = np.random.default_rng([still.seed, still.number, SITTING_STREAM])
    person = another_sitting(identity(still.seed), int(rng.integers(2**62)))
    bald = person.hair.style == "bald"
    return {
        "skin lightness": -person.complexion.tone,
        "brightness of light": person.light.exposure,
        "light from one side": abs(person.light.azimuth),
        "hair darkness": np.nan if bald else -float(HAIR[person.hair.colour].mean()),
        "severity": still.cleft.severity,
        "subject": still.subject_id,
    }


def plain(drawn: Drawn) -> dict[str, pd.Series]:
    """What needs no training: by name, higher is worse."""
    found = measure_photographs(drawn.images, drawn.landmarks).to_pandas().set_index("image_id")
    points = locating.locate_points(
        drawn.images,
        drawn.landmarks,
        settings=params.load(AnthropometryPoints, "anthropometry_points"),
        model=params.load(IngestLandmarks, "ingest_landmarks").model,
    )
    numbers = params.load(AnthropometryMeasure, "anthropometry_measure").model_copy(update={"intervals": False})
    measured = measuring.measure_bucket(
        points, drawn.images, settings=numbers, point_errors=errors.table(numbers.errors)
    ).to_pandas()
    wide = measured.pivot(index="image_id", columns="measure", values="deviation").astype(float)
    names = {"mirror difference": "mirror_difference", "cupid's bow, 68 points": "cupids_bow_difference"}
    own = {title: found[name].astype(float) for title, name in names.items()}
    return own | {f"{name.replace('_', ' ')}, refined": wide[name] for name in PARTS}


def by_networks(drawn: Drawn, project: Path, *, every: bool) -> dict[str, pd.Series]:
    """D and S by the networks of a project; what it has not is left out, and said."""
    found: dict[str, pd.Series] = {}
    network, generator, numbers = project / NETWORK, project / GENERATOR, project / "params.yaml"
    if network.exists():
        from tasks.symmetry.distances import distances_of_photographs

        lips = cut_lips(
            drawn.images,
            FRAMES.table([]),
            drawn.landmarks,
            settings=params.load(IngestLips, "ingest_lips", numbers),
        )
        measured = distances_of_photographs(lips, model=network, threads=1).to_pandas()
        found["D (clp)"] = measured.set_index("image_id")["distance"].astype(float)
    if generator.exists():
        found |= scores(drawn, project, every=every)
    for file in (network, generator):
        if not file.exists():
            print(f"{file}: not there; what it measures is left out")
    return found


def scores(drawn: Drawn, project: Path, *, every: bool) -> dict[str, pd.Series]:
    """-S by a project's generator, by its settings; `every`: of all heatmaps and processings."""
    from tasks.anomaly.adaptation import adapt_photographs
    from tasks.anomaly.inversion import invert_photographs
    from tasks.anomaly.scores import score_photographs
    from tasks.faces.alignment import align_photographs

    numbers, weights = project / "params.yaml", str(project / "data/weights")
    invert = params.load(AnomalyInvert, "anomaly_invert", numbers)
    adapt = params.load(AnomalyAdapt, "anomaly_adapt", numbers)
    own = params.load(AnomalyScore, "anomaly_score", numbers)
    perceptual = params.load(AnomalyPerceptual, "anomaly_perceptual", numbers)
    aligned = align_photographs(
        drawn.images, drawn.landmarks, settings=params.load(AnomalyAlign, "anomaly_align", numbers)
    )
    given: dict[str, Any] = {"generator": project / GENERATOR, "weights": weights, "perceptual": perceptual}
    parts = []
    for start in range(0, len(aligned), invert.together):
        part = aligned.slice(start, invert.together)
        inverted = invert_photographs(part, **given, settings=invert, checkpoint=None)
        adapted = adapt_photographs(part, inverted, **given, settings=adapt)
        steps = adapt.iterations
        parts.append(
            score_photographs(part, adapted, weights=weights, settings=own, perceptual=perceptual, iterations=steps)
        )
    table = pa.concat_tables(parts).to_pandas()
    table = table[(table["step"] == adapt.iterations) & (table["region"] == own.region)]
    found = {
        f"S ({heat}, {processing})": -rows.set_index("image_id")["score"].astype(float)
        for (heat, processing), rows in table.groupby(["heatmap", "processing"])
    }
    headline = f"S ({own.heatmap}, {own.processing})"
    return found if every else {headline: found[headline]}


def tell(values: Mapping[str, pd.Series], truth: pd.DataFrame, *, least: int) -> None:
    """Print rho of every value with every trait, and how well it follows the severity."""
    wide = pd.DataFrame(dict(values)).reindex(truth.index)
    severity, people = truth["severity"], truth["subject"]
    traits = truth.drop(columns=["severity", "subject"]).astype(float)
    settings = params.load(Evaluate, "evaluate")
    controls, patients = wide[severity == 0], wide[severity > 0]
    alone = following(controls, traits, people, settings, least=least)
    within = following(
        patients, traits, people, settings, least=least, severity=severity[severity > 0], bands=len(SEVERITIES)
    )
    follows = following(patients, truth[["severity"]].astype(float), people, settings, least=least)["severity"]
    print(f"{len(controls)} drawn controls, {len(patients)} after repair at severities {SEVERITIES}; wanted: {LIMIT}")
    print(f"{'':34s}{'rho among controls':>26s}{'rho at equal severity':>26s}")
    for trait in traits.columns:
        print(trait)
        for name in wide.columns:
            print(f"  {name:32s}{_cell(alone[trait][name]):>26s}{_cell(within[trait][name]):>26s}")
    print("severity, for comparison")
    for name in wide.columns:
        print(f"  {name:32s}{'':26s}{_cell(follows[name], mark=False):>26s}")
    print(f"largest with skin lightness at equal severity: {_largest(within['skin lightness'])}")


def _cell(found: Estimate, *, mark: bool = True) -> str:
    if found["value"] is None:
        return str(found["reason"])[:26]
    ends = "" if found["low"] is None else f" ({found['low']:+.2f} to {found['high']:+.2f})"
    signs = {"follows": " !", "perhaps": " ?"}
    return f"{found['value']:+.2f}{ends}{signs.get(standing(found, limit=LIMIT), '  ') if mark else '  '}"


def _largest(found: Mapping[str, Estimate]) -> str:
    known = {name: one["value"] for name, one in found.items() if one["value"] is not None}
    name = max(known, key=lambda one: abs(known[one]), default=None)
    return "none could be taken" if name is None else f"{name} {known[name]:+.2f}"


def reported(metrics: Path) -> None:
    """Print what the project's own report has, of the people at hand."""
    record = json.loads(metrics.read_text(encoding="utf-8")).get("fairness", {}) if metrics.exists() else {}
    if not record or record["reason"]:
        print(f"{metrics}: nothing of fairness: {record.get('reason', 'not made yet; run dvc repro')}")
        return
    print(f"{metrics}: {record['people']}")
    for trait, methods in record["followed"].items():
        print(trait)
        for method, own in methods.items():
            print(f"  {method:32s}{_cell(own['controls']):>26s}{_cell(own['patients']):>26s}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    main()
