"""What bench/london.py trains on and tries: lip halves of real photographs, kept between runs.

In: the folder of photographs and the numbers. Out: for each photograph its landmarks row, the WARPS table made of it by
the pipeline's own code, and trials: the photograph untouched, warped by known amounts, and changed in ways that no
training saw (bench/unseen.py). Faces are found once; landmarks are found again on every changed picture.
"""

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import yaml
from PIL import Image

from bench import rephotography, unseen
from bench.rephotography import photographed_anew
from tasks.base import digests, images, tables
from tasks.ingest.faces.landmarks import measure_face, place_points
from tasks.ingest.faces.lips import LipsError, crop_lips
from tasks.params import Block
from tasks.params.ingest import IngestLandmarks, IngestLips
from tasks.params.phantoms import PhantomVariation
from tasks.params.symmetry import SymmetryPairs, SymmetryTrain, SymmetryWarp
from tasks.phantoms.dataset import draw_faces
from tasks.schemas.symmetry import WARPS
from tasks.symmetry import warp
from tasks.symmetry.baselines import cupids_bow_difference
from tasks.symmetry.plans import make_plan
from tasks.symmetry.warp import warp_face, warps_table

NUMBERS = Path(__file__).with_name("london.yaml")
SEVERITIES = (0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
PUBLISHED = (0.3, 1.0)
"""Severities of the published kind's test pairs: one peak up by 0.03 to 0.10 mouth widths."""

PICTURES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".avif"}

T = TypeVar("T", bound=Block)

Trial = tuple[str, float, float, np.ndarray, np.ndarray]
"""Name, severity, cupid's bow difference by landmarks, right half, left half."""


@dataclass(frozen=True)
class Numbers:
    """Every block of bench/london.yaml."""

    landmarks: IngestLandmarks
    lips: IngestLips
    warp: SymmetryWarp
    pairs: SymmetryPairs
    train: SymmetryTrain


def usual(file: Path = NUMBERS) -> Numbers:
    """What the README's figures were measured with, or another file's numbers."""
    return Numbers(
        landmarks=numbers_of(IngestLandmarks, "ingest_landmarks", file),
        lips=numbers_of(IngestLips, "ingest_lips", file),
        warp=numbers_of(SymmetryWarp, "symmetry_warp", file),
        pairs=numbers_of(SymmetryPairs, "symmetry_pairs", file),
        train=numbers_of(SymmetryTrain, "symmetry_train", file),
    )


def numbers_of(model: type[T], block: str, file: Path) -> T:
    """One block of a file, in which numbers that it does not have are those of the file that it names by `over`."""
    return model.model_validate(_blocks(file)[block])


def _blocks(file: Path) -> dict[str, Any]:
    own = yaml.safe_load(file.read_text(encoding="utf-8"))
    under = own.pop("over", None)
    return _over(_blocks(file.parent / under), own) if under else dict(own)


def _over(under: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = {k: _over(under[k], v) for k, v in own.items() if isinstance(v, dict) and isinstance(under.get(k), dict)}
    return under | own | both


def tiny(numbers: Numbers) -> Numbers:
    """The same with a small network, briefly trained from random weights on small halves."""
    brief = {"threads": 1, "input_size": 32, "width": 0.25, "initial_weights": "random"}
    brief |= {"steps": 4, "batch_size": 4, "evaluate_every": 2, "warmup_steps": 0}
    return replace(
        numbers,
        landmarks=numbers.landmarks.model_copy(update={"detect_side": 256, "enlarge_to": 256, "predict_side": 256}),
        lips=numbers.lips.model_copy(update={"half_size": 32}),
        warp=numbers.warp.model_copy(update={"variants": 1}),
        pairs=numbers.pairs.model_copy(update={"train": 0.5, "validation": 0.25, "test": 0.25}),
        train=numbers.train.model_copy(update=brief),
    )


def cache_folder(folder: Path, numbers: Numbers) -> Path:
    """Where halves made with these numbers by this code are kept."""
    blocks = [numbers.landmarks, numbers.lips, numbers.warp]
    files = (__file__, unseen.__file__, rephotography.__file__)
    code = [digests.code_digest(warp), *(Path(file).read_text() for file in files)]
    key = hashlib.sha256("".join([*map(repr, blocks), *code]).encode()).hexdigest()[:16]
    (folder / key).mkdir(parents=True, exist_ok=True)
    return folder / key


def draw_set(folder: Path, people: int) -> Path:
    """`folder`, with drawn faces laid out like the London set: two of each person."""
    variation = PhantomVariation(yaw=2, pitch=2, roll=2, shift=0.02, zoom=0.02, opening=0.02, widening=0.1)
    faces = draw_faces(folder / "drawn", 2 * people, seed=3, image_size=256, variation=variation, workers=1)
    for number, face in enumerate(faces):
        file = folder / "london" / ("neutral", "smiling")[number % 2] / f"{number // 2:03d}_03.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.open(face).save(file, quality=95)
    return folder


def london(folder: Path) -> list[tuple[Path, str]]:
    """The set's photographs, and who is on them."""
    return [(path, path.name[:3]) for path in sorted(folder.glob("london/*/*.jpg"))]


def others(folder: Path) -> list[tuple[Path, str]]:
    """The pictures of any folder, and who is on them: in a sub-folder its name, otherwise each is somebody else."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    return [(path, path.parent.name if path.parent != folder else path.stem) for path in files]


def find_faces(pictures: Iterable[tuple[Path, str]], *, numbers: Numbers) -> list[dict[str, Any]]:
    """A landmarks row for each photograph, with its path. One that cannot be measured is named and left out."""
    found = []
    for path, person in pictures:
        try:
            content = path.read_bytes()
            row = measure_face(images.decode(content), numbers.landmarks)
        except images.UnreadableImage as error:
            row = {"reason": str(error)}
        if row["reason"]:
            print(f"{path.name}: left out: {row['reason']}", file=sys.stderr)
            continue
        name = {"image_id": hashlib.sha256(content).hexdigest(), "subject_id": person, "population": "control"}
        found.append({**row, **name, "path": path})
    return found


def warps_of(row: dict[str, Any], *, numbers: Numbers, cache: Path) -> pa.Table:
    """The training faces of one photograph, from the cache where they are."""
    file = cache / f"{row['image_id'][:16]}.warps.parquet"
    if not file.exists():
        made = warps_table(
            [row],
            lambda _: images.read(row["path"]),
            partial(place_points, model=numbers.landmarks.model, predict_side=numbers.landmarks.predict_side),
            settings=numbers.warp,
            lips=numbers.lips,
        )
        tables.write(made, file, WARPS, provenance={})
    return tables.read(file, WARPS)


def trials_of(row: dict[str, Any], *, numbers: Numbers, cache: Path, anew: bool = False) -> list[Trial]:
    """What a trained network is asked about one photograph: (name, severity, landmark baseline, right, left).

    `anew`: every changed face is photographed once more (bench/rephotography.py). Empty where it cannot be cut.
    """
    file = cache / f"{row['image_id'][:16]}.{'anew' if anew else 'trials'}.npz"
    if not file.exists():
        try:
            made = list(_trials(images.read(row["path"]), row, numbers, anew))
        except LipsError as error:
            print(f"{row['path'].name}: left out: {error}", file=sys.stderr)
            made = []
        names, severities, baselines, right, left = (np.array([trial[i] for trial in made]) for i in range(5))
        np.savez(file, names=names, severities=severities, baselines=baselines, right=right, left=left)
    with np.load(file) as saved:
        return list(zip(*(saved[k] for k in ("names", "severities", "baselines", "right", "left")), strict=True))


def _trials(image: np.ndarray, row: dict[str, Any], numbers: Numbers, anew: bool) -> Iterable[Trial]:
    points, box = np.reshape(row["points"], (68, 2)), np.array(row["box"])
    identity = int(row["image_id"], 16)
    rng = np.random.default_rng(identity)

    def taken(picture: np.ndarray) -> np.ndarray:
        return photographed_anew(picture, np.random.default_rng([identity, 1])) if anew else picture

    if anew:
        again = measure_face(taken(image), numbers.landmarks)
        if again["reason"]:
            return
        box = np.array(again["box"])

    def cut(name: str, severity: float, picture: np.ndarray) -> Trial:
        picture = taken(picture)
        found = place_points(picture, box, model=numbers.landmarks.model, predict_side=numbers.landmarks.predict_side)
        halved = crop_lips(picture, found, settings=numbers.lips)
        return name, severity, cupids_bow_difference(found), halved.right, halved.left

    def warped(name: str, kind: str, side: str | None, severity: float) -> Trial:
        fixed = {"severity_low": severity, "severity_high": severity, "smooth_share": 0.0, "jitter": 0.0}
        settings = numbers.warp.model_copy(update=fixed)
        plan = make_plan(kind, side, np.random.default_rng(0), settings=settings, exemplars=None)
        return cut(name, severity, warp_face(image, points, plan, settings=settings).image)

    side = 1 if rng.random() < 0.5 else -1
    yield cut("plain", 0.0, image)
    for patient_side in ("left", "right"):
        yield warped("published", "clp", patient_side, float(rng.uniform(*PUBLISHED)))
    for severity in SEVERITIES:
        yield warped("series", "clp", "left" if side > 0 else "right", severity)
    yield warped("flagged, symmetric: both sides warped alike", "clp", None, float(rng.uniform(*PUBLISHED)))
    for name, change in unseen.ONE_SIDED.items():
        yield cut(f"flagged, one-sided: {name}", 0.0, change(image, points, (side,)))
        yield cut(f"flagged, symmetric: {name}", 0.0, change(image, points, (1, -1)))
    for name, change in unseen.TO_ONE_SIDE.items():
        yield cut(f"flagged, one-sided: {name}", 0.0, change(image, points, (side,)))
    for name, change in unseen.HARMLESS.items():
        yield cut(f"flagged, symmetric: {name}", 0.0, change(image, points, (side,)))
