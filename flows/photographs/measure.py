"""Photographs measured one by one: what `vermilion measure` computes.

In: files, a surgeon's own measures, rules, norms. Out: one `Measured` per file, or why it was refused. Writes nothing.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from flows.photographs import faces
from flows.photographs.declared import PERSON, WHO, norms_of, own_of, people_of, rules_of
from tasks import params
from tasks.anthropometry.frame import CANTHI
from tasks.anthropometry.from_people import adjustment
from tasks.anthropometry.locating import locate
from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measures.measure import Measure
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.names import INDEX
from tasks.anthropometry.page import MeasuredFace
from tasks.anthropometry.scale import Scale, from_irises
from tasks.anthropometry.shown import shown
from tasks.anthropometry.uncertainty import quantile_of
from tasks.base import images
from tasks.base.digests import code_digest, digest, file_digest
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.evaluation.anthropometry.chapter import NAME
from tasks.findings.rules import DEFAULT, Rule, findings, unasked
from tasks.ingest.faces.detection import NO_FACE
from tasks.ingest.faces.views import without_face
from tasks.pages.norms import Norms
from tasks.params.anthropometry import AnthropometryMeasure, AnthropometryPoints, LearnedFindings
from tasks.params.anthropometry import Measure as PhotographLimits
from tasks.params.ingest import IngestLandmarks

FOLDER = Path("data/anthropometry")


@dataclass(frozen=True)
class Ready:
    """What every photograph is measured with."""

    landmarks: IngestLandmarks
    points: AnthropometryPoints
    settings: AnthropometryMeasure
    own: tuple[Measure, ...]
    rules: tuple[Rule, ...]
    norms: Norms
    people: Mapping[str, Mapping[str, Any]]  # the project's photographs by image_id: who is on them
    scale: Scale | None  # a known one; else as the settings say
    cleft_side: str | None
    which: faces.Which = None
    learned: Sequence[adjustment.Learned] = ()
    network: Any = None  # tasks.anthropometry.learned.network.FindingsNetwork, where learned findings are used
    review_above: float = 1.0
    key: str = ""  # digest of everything that a result depends on, but the photograph and which of its faces
    others: Callable[[Path], Sequence[tuple[str, str]]] | None = None  # what other systems say; None: not asked

    @property
    def notices(self) -> list[str]:
        """What a reader must know of the numbers."""
        if self.norms.rows:
            return []
        return [f"{self.norms.said} Or give others' with --norms FILE (`vermilion norms`)."]


@dataclass(frozen=True)
class Measured:
    """A photograph's measures; with a reason in `face` there are none."""

    path: Path
    face: MeasuredFace
    rows: Sequence[Mapping[str, Any]] = ()
    html: str | None = None  # its page, where it is not that of a face from the front
    frames: Sequence[Mapping[str, Any]] = ()  # of a clip: a row per frame and measure, with its time
    said: str = ""  # before the number of measures: of a clip its frames, of several faces which one

    def record(self) -> dict[str, Any]:
        """Plain values, for --json."""
        found = self.face.findings
        return {
            "photograph": str(self.path),
            "image_id": self.face.image_id or None,
            "reason": self.face.reason,
            "face": self.face.which or None,
            "measures": [{name: value for name, value in row.items() if name != "words"} for row in self.rows],
            "findings": [
                {"measure": own.measure, "finding": own.finding, "certainty": own.certainty, "source": own.source}
                for own in found
            ],
            "suggested": [
                {"finding": own.label, "probability": own.probability, "review": own.review, "by_rule": own.by_rule}
                for own in self.face.suggested
            ],
        }


MODELS = {"dlib": "the 478-point model and dlib's", "mesh": "the 478-point model, in its own square"}
TWO = {"dlib": "the two models", "mesh": "two looks by the model"}
"""What a page says of the points, by `ingest_landmarks.model`."""


def prepared(
    root: Path,
    *,
    own: Path | None,
    rules: Path | None,
    norms: Path | None,
    scale: Scale | None,
    cleft_side: str | None,
    which: faces.Which = None,
) -> Ready:
    """What photographs are measured with, everything checked. InputError names what cannot be used."""
    numbers = root / "params.yaml"
    declared = own_of(own)
    settings = params.load(AnthropometryMeasure, "anthropometry_measure", numbers)
    limits = params.load(PhotographLimits, "measure", numbers)
    ready = Ready(
        params.load(IngestLandmarks, "ingest_landmarks", numbers),
        params.load(AnthropometryPoints, "anthropometry_points", numbers),
        settings.model_copy(update=limits.model_dump()),
        declared.flat,
        rules_of(rules, declared).flat,
        norms_of(norms, root / FOLDER),
        people_of(root),
        scale,
        cleft_side,
        which,
        adjustment.of_project(root),
        *_network(root),
    )
    blocks = [block.model_dump(mode="json") for block in (ready.landmarks, ready.points, ready.settings)]
    given = [file_digest(path) if path else "" for path in (own, rules or DEFAULT)]
    code = code_digest(sys.modules[__name__])
    said = [str(one) for one in (ready.norms, sorted(ready.people.items()), scale, cleft_side, ready.learned)]
    said.append(_network_digest(root) if ready.network else "")
    return replace(ready, key=digest([*blocks, *given, code, *said]))


def with_others(ready: Ready, root: Path) -> Ready:
    """The same, and every other system is asked of each photograph. Opens their networks: seconds."""
    from flows.photographs.others import open_others

    lock = root / "dvc.lock"
    known = file_digest(lock) if lock.exists() else ""
    return replace(ready, others=open_others(root, NAME, which=ready.which).of, key=digest([ready.key, known]))


def _network(root: Path) -> tuple[Any, float]:
    """The version that counts, if learned findings are used, and above which probability it suggests to review."""
    settings = params.load(LearnedFindings, "learned_findings", root / "params.yaml")
    if not settings.use:
        return None, 1.0
    from tasks.anthropometry.learned import network, versioning  # imports torch

    file = versioning.standing(root)
    if file is None:
        raise InputError("learned_findings.use is true, but nothing was learned: `vermilion anthropometry learn`")
    return network.load(file)[0], settings.review_above


def _network_digest(root: Path) -> str:
    from tasks.anthropometry.learned import versioning

    file = versioning.standing(root)
    return file_digest(file) if file else ""


def measure(path: Path, ready: Ready) -> Measured:
    """One photograph's measures. A file that cannot be measured gives a reason, never an exception."""
    found = _measure(path, ready)
    if ready.others is None or not found.face.image_id:
        return found
    return replace(found, face=replace(found.face, others=ready.others(path)))


def _measure(path: Path, ready: Ready) -> Measured:
    face = MeasuredFace(path.name)
    try:
        images.check_size(path)
        face = replace(face, image_id=file_digest(path))
        return of_picture(path, face, images.read(path), ready)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except ValueError as error:  # refused by name: unreadable, no face, models that disagree
        reason = str(error)
    return Measured(path, replace(face, reason=reason))


def of_picture(
    path: Path,
    face: MeasuredFace,
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    ready: Ready,
) -> Measured:
    """What is measured in a picture. ValueError: no face, one turned away, or models that disagree."""
    found, which = faces.find(image, ready.landmarks, ready.which)
    if found["reason"] == NO_FACE:
        raise InputError(without_face(image, ready.landmarks))
    if found["reason"]:
        raise InputError(str(found["reason"]))
    points68 = np.reshape(np.array(found["points"], float), (68, 2))
    located = locate.find(image, points68, settings=ready.points)
    points = adjustment.move(located.face.points[None], ready.learned)[0]
    located = located._replace(face=located.face._replace(points=points))
    done = _measured(path, face, image, located, float(str(found["yaw_deg"])), ready)
    suggested = _suggested(image, points68, done.face, ready)
    if not which:
        return replace(done, face=replace(done.face, suggested=suggested))
    provenance = [("face", which), *done.face.provenance]
    told = replace(done.face, suggested=suggested, which=which, provenance=provenance)
    return replace(done, face=told, said=f"{which}; ")


def _suggested(image: np.ndarray, points68: np.ndarray, face: MeasuredFace, ready: Ready) -> Sequence[Any]:
    if ready.network is None:
        return ()
    from tasks.anthropometry.learned.suggesting import suggest

    found = {one.finding for one in face.findings}
    return suggest(ready.network, image, points68, found=found, review_above=ready.review_above)


def _moved(ready: Ready) -> str:
    kinds = sum(one.used for one in ready.learned)
    return f"; {counted(kinds, 'kind')} of point moved as people's corrections taught" if kinds else ""


def _measured(
    path: Path, face: MeasuredFace, image: np.ndarray, located: locate.Located, yaw: float, ready: Ready
) -> Measured:
    person = ready.people.get(face.image_id) or dict.fromkeys(PERSON)
    norms = ready.norms.for_picture(person["notice"])
    rows = measure_face(
        located.face,
        settings=ready.settings,
        disturbances={"yaw": yaw, "smile": located.smile, "opening": located.opening},
        cleft_side=ready.cleft_side or person["cleft_side"],
        known_scale=ready.scale,
        measures=(*MEASURES, *ready.own),
    )
    known = ready.scale
    if known is None and ready.settings.scale == "iris":
        quantile = quantile_of(ready.settings.confidence)
        known = from_irises(located.face.points[None], settings=ready.settings, quantile=quantile)[0]
    levelled = bool(np.isfinite(located.face.points[[INDEX[name] for name in CANTHI]]).all())
    who = {name: person[name] for name in WHO}
    found = findings(rows, ready.rules, norms=norms.rows, **who)
    words = {one.name: one.words for one in (*MEASURES, *ready.own)}
    provenance = [
        ("points", f"{MODELS[ready.landmarks.model]}; peaks and border of the upper lip on the pixels{_moved(ready)}"),
        (TWO[ready.landmarks.model], f"disagree by {located.disagreement:.3f} pupil distances"),
        ("eyes", f"outer corners {located.interocular:.0f} pixels apart; head turned by {yaw:.0f} degrees"),
        ("norms", norms.said),
    ]
    whole = replace(
        face,
        shown=shown(image, located.face) if levelled else None,
        rows=rows,
        findings=found,
        unasked=unasked(rows, ready.rules, words, norms=norms.rows, **who),
        scale=known.words if known else "",
        own=ready.own,
        norms=norms.rows,
        gender=person["gender"],
        age_group=person["age_group"],
        provenance=provenance,
    )
    return Measured(path, whole, rows)
