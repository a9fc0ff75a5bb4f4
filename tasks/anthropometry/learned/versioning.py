"""Versions of the network that names findings: trained on request or at night, used only if no worse than what stood.

In: the project, a file of labels, a file of weights to start from. Out: data/learned, with a file of weights for each
version that is used and versions.csv, the table of all with their figures on people held out. A withdrawal removes the
weights of every version that saw the person; the one before it counts then. Knows nothing of pages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import params
from tasks.anthropometry.from_people import judgements, versions
from tasks.anthropometry.from_people.corrections import now
from tasks.anthropometry.from_people.versions import Version
from tasks.anthropometry.learned.labels import PROJECT
from tasks.anthropometry.rules import read_rules
from tasks.base import tables
from tasks.base.digests import digest
from tasks.errors import InputError
from tasks.findings.rules import DEFAULT
from tasks.params.anthropometry import LearnedFindings
from tasks.params.ingest import IngestLandmarks
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES
from tasks.schemas.ingest import IMAGES, LANDMARKS

FOLDER = Path("data/learned")
CORRECTIONS = Path("data/corrections")
OWN = (Path("data/ingest/images"), Path("data/ingest/landmarks"), Path("data/anthropometry/measures"))
FILE = "versions.csv"
UNFINISHED = Path("data/.artifacts/checkpoints/anthropometry_learn")
"""Where an unfinished training stands: among those of stages, which a withdrawal removes."""
BY = "`vermilion anthropometry learn`"
NAMED = 50_000
"""Photographs that a version names in its header, so that a withdrawal finds it; of more, all of the project's."""
STARTS = ("labels", "weights")
"""Files that a training was given; a night's training takes those of the version that counts."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """What came of a training: the version's line, its figures by label, and what could not be used."""

    version: Version
    figures: list[Any]  # tasks.anthropometry.learned.training.Figures
    refused: list[str]


def standing(root: Path) -> Path | None:
    """The weights of the version that counts; of one whose weights a withdrawal took, those of the one before."""
    counts = listed(root)[1]
    return _file(root, counts.at) if counts else None


def listed(root: Path) -> tuple[list[Version], Version | None, list[Version]]:
    """Every version, the one that counts, and those that would, but whose weights are gone."""
    every = versions.read(root / FOLDER / FILE, by=BY)
    standing = versions.counting(every)
    gone = [one for one in standing if not _file(root, one.at).exists()]
    return every, next((one for one in reversed(standing) if one not in gone), None), gone


def _file(root: Path, at: str) -> Path:
    return root / FOLDER / f"{at.replace(':', '-')}.safetensors"


def new_judgements(root: Path) -> int:
    """How many words on findings came in since the last training."""
    every = versions.read(root / FOLDER / FILE, by=BY)
    until = max((one.until for one in every), default="")
    return sum(one.at > until and bool(one.finding) for one in judgements.said_in(root / CORRECTIONS))


def learn(root: Path, *, labels: Path | None, weights: Path | None, tell: Tell) -> Learned:
    """Train a version and keep it if it is no worse. InputError: nothing to learn from, or not to be read.

    `labels`: besides the project's own photographs, which may then be missing. `weights`: to start from.
    """
    from tasks.anthropometry.learned import network, training

    settings = params.load(LearnedFindings, "learned_findings", root / "params.yaml")
    if weights is not None:  # asked before photographs are read, which takes hours
        any_labels = network.Architecture(labels=("any",), input_size=settings.input_size, width=settings.width)
        network.build(any_labels, settings.dropout, weights)
    said = judgements.said_in(root / CORRECTIONS)
    seen, digests, refused = _faces(root, labels, said, settings)
    tell(f"{len(seen)} faces of {len({one.subject for one in seen})} people, {len(refused)} refused")
    at = now()
    record = {
        "stage": "anthropometry_learn",
        "parameters": settings.model_dump(mode="json"),
        "labels": str(labels.absolute()) if labels else None,
        "weights": str(weights.absolute()) if weights else None,
        "pictures": len(digests),
        "images": [
            one
            for one, face in zip(digests, seen, strict=True)
            if len(seen) <= NAMED or face.subject.startswith(PROJECT)
        ],
    }
    checkpoint = root / UNFINISHED / f"{digest(record)}.pt"
    content = training.train(seen, settings=settings, imagenet=weights, checkpoint=checkpoint, provenance=record)
    net, _ = network.load(content)
    judges = training.held_out(seen)
    found = training.figures(net, judges)
    before, among = _before(standing(root), seen, judges, net.architecture.labels)
    after = training.mean_loss(found, among)
    better = after is not None and (before is None or after <= before)
    until, people = max((one.at for one in said), default=at), len({one.subject for one in seen})
    version = Version(at, "used" if better else "not used", until, len(seen), people, before, after)
    if better:
        with tables.replacing(_file(root, at)) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_bytes(content)
    versions.keep(root / FOLDER / FILE, version)
    checkpoint.unlink(missing_ok=True)
    return Learned(version, found, refused)


def _faces(root: Path, labels: Path | None, said: list[Any], settings: LearnedFindings) -> Any:
    """Faces, the digests of their files, and what was refused."""
    from tasks.anthropometry.learned import faces
    from tasks.anthropometry.learned.labels import read_labels

    landmarks = params.load(IngestLandmarks, "ingest_landmarks", root / "params.yaml")
    wanted = faces.labelled(read_labels(labels)) if labels else []
    if labels is None or all((root / path).exists() for path in OWN):
        wanted += faces.of_project(*_of_project(root), said, read_rules(DEFAULT))
    (root / FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
    return faces.cropped(wanted, size=settings.input_size, landmarks=landmarks, folder=root / FOLDER)


def _before(old: Path | None, seen: list[Any], judges: list[Any], names: tuple[str, ...]) -> tuple[float | None, Any]:
    """The loss of what stands, and over which labels: the version that counts, else how common each label is."""
    from tasks.anthropometry.learned import network, training

    if old is not None:
        own, _ = network.load(old)
        if among := [name for name in names if name in own.architecture.labels]:
            return training.mean_loss(training.figures(own, judges), among), among
    return training.prevalence_loss(seen, judges, names), names


def _of_project(root: Path) -> tuple[list[Any], Mapping[str, Any], Mapping[str, Any]]:
    """Images, 68 points and measures of the project's photographs."""
    for path in OWN:
        if not (root / path).exists():
            raise InputError(f"{path}: not there yet; run `dvc repro` first, or name a file with --labels")
    of_images, of_landmarks, of_measures = (root / path for path in OWN)
    images = tables.read(of_images, IMAGES).to_pylist()
    rows = [row | {"path": str(root / row["path"])} for row in images]
    landmarks = tables.read(of_landmarks, LANDMARKS, ["image_id", "points", "reason"]).to_pylist()
    points = {row["image_id"]: row["points"] for row in landmarks if row["reason"] is None}
    measures: dict[str, list[Any]] = {}
    for row in tables.read(of_measures, ANTHROPOMETRY_MEASURES).to_pylist():
        measures.setdefault(row["image_id"], []).append(row)
    return rows, points, measures


def retrain(root: Path, tell: Tell) -> None:
    """At night: a new version, if learned findings are used and enough words came in. What hinders it is told."""
    settings = params.load(LearnedFindings, "learned_findings", root / "params.yaml")
    if not settings.use or (number := new_judgements(root)) < settings.retrain_after:
        return
    from tasks.anthropometry.learned import network

    try:
        old = standing(root)
        record = network.load(old)[1] if old else {}
        made = learn(root, tell=tell, **{name: Path(record[name]) if record.get(name) else None for name in STARTS})
        tell(f"learned findings: {number} new judgements; the new version is {made.version.action}")
    except InputError as error:
        tell(f"learned findings: no new version: {error}")
