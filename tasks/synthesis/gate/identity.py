"""Whether a generated face is somebody's: face embeddings, and every generated face against the training photographs.

In: photographs with captions, generated pictures. Out: the embeddings and identity tables, and the sums behind FIR.
Rosero et al. 2025, DiffusionCleft, section 4.3.1: InsightFace's w600k_r50, cosine similarity, 0.6. Where that file is
not at hand dlib's network stands in with a distance of its own; its similarity is 1 - distance: higher is nearer.
Looks at the surest face of a picture only, and takes no risk where it cannot look: a picture without an embedding is
quarantined. Knows nothing of how pictures were drawn.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import images as pictures
from tasks.base.images import UnreadableImage
from tasks.ingest.faces.landmarks import DECIMALS
from tasks.params.ingest import LandmarkModel
from tasks.params.synthesis import SynthesisIdentity
from tasks.schemas.synthesis import CONDITIONS, EMBEDDINGS, IDENTITY
from tasks.synthesis.gate.likeness import SIDE, levelled, likenesses
from tasks.synthesis.gate.recognition import face_of

CHUNK = 512
"""Generated faces compared at a time: with 10,000 photographs 40 MB."""
EDGES = np.linspace(-0.25, 1.0, 51)
"""Of the histogram's bins (Figure 2); what lies beyond the ends is counted in the outermost bins."""
NEAREST = 10
"""Pairs named for a person to look at."""


def embed_photographs(
    images: pa.Table,  # image_id, path
    captions: pa.Table,  # image_id, subject_id, condition, split, reason
    *,
    settings: SynthesisIdentity,
    weights: str,
    model: LandmarkModel,
) -> pa.Table:
    """An embeddings row for every captioned photograph that adapters may learn from; with a reason where none is made.

    Held-out photographs are not looked at: nothing is compared with them. `weights`: a folder; `model`: whose 68
    points.
    """
    paths = dict(zip(images["image_id"].to_pylist(), images["path"].to_pylist(), strict=True))
    rows = []
    for told in captions.select(["image_id", "subject_id", "condition", "split", "reason"]).to_pylist():
        if told["split"] != "train":
            continue
        content = None if told["reason"] else paths[told["image_id"]]
        rows.append(told | {"origin": "real"} | _embedded(content, told["reason"], settings, weights, model))
    return EMBEDDINGS.table(rows)


def embed_generated(
    generated: pa.Table,  # image_id, condition, picture, reason
    *,
    settings: SynthesisIdentity,
    weights: str,
    model: LandmarkModel,
) -> pa.Table:
    """An embeddings row for every generated picture; with a reason where none could be made. `weights`: a folder."""
    return EMBEDDINGS.table(
        {"image_id": row["image_id"], "condition": row["condition"], "origin": "generated"}
        | _embedded(row["picture"], row["reason"], settings, weights, model)
        for row in generated.to_pylist()
    )


def _embedded(
    content: str | bytes | None, reason: str | None, settings: SynthesisIdentity, weights: str, model: LandmarkModel
) -> dict[str, object]:
    """The columns embedding, look and reason of a file, by path or by its bytes."""
    unknown = {"embedding": None, "look": None}
    if reason or content is None:
        return unknown | {"reason": reason or "no picture"}
    try:
        picture = pictures.decode(content) if isinstance(content, bytes) else pictures.read(Path(content))
        found = face_of(picture, settings=settings, weights=weights, model=model)
    except UnreadableImage as error:
        return unknown | {"reason": str(error)}
    if found is None:
        return unknown | {"reason": "no face found"}
    if not np.isfinite(found.embedding).all():
        return unknown | {"reason": "the network gives no finite numbers for this face"}
    return {"embedding": found.embedding.tolist(), "look": found.look.tobytes(), "reason": None}


def threshold_of(settings: SynthesisIdentity) -> float:
    """The similarity from which two faces are one person's."""
    return settings.threshold if settings.network == "arcface" else 1.0 - settings.dlib_distance


def similarities(embeddings: pa.Table, condition: str, *, settings: SynthesisIdentity) -> np.ndarray:
    """(n, m): the condition's n generated faces, by image_id, with the m training photographs of it, by image_id.

    Cosine (arcface), or 1 - Euclidean distance (dlib): higher is nearer, 1 at most; rounded to DECIMALS.
    """
    names, known = _faces(embeddings, condition, "real")
    rows = [row for _, row in _against(embeddings, condition, known, settings)]
    return np.array(rows, np.float64).reshape(len(rows), len(names))


def _alike(
    a: np.ndarray,  # (n, D) embeddings
    b: np.ndarray,  # (m, D)
    settings: SynthesisIdentity,
) -> np.ndarray:
    """(n, m) float64 similarities."""
    products = a @ b.T
    if settings.network == "dlib":
        squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * products
        products = 1.0 - np.sqrt(np.maximum(squared, 0))
    return np.asarray(products.round(DECIMALS))


def compare(embeddings: pa.Table, *, settings: SynthesisIdentity) -> pa.Table:
    """The identity table: each generated picture against every training photograph of its condition.

    Quarantined are those with a match; those that repeat a photograph that an adapter learnt from; those that could
    not be compared; and those that match a training photograph of a control, from which adapters may learn too
    (`preservation`). The last two have a reason. FIR knows neither controls nor repeats.
    """
    rows = [row for condition in CONDITIONS for row in _verdicts(embeddings, condition, settings)]
    return IDENTITY.table(sorted(rows, key=lambda row: str(row["image_id"])))


def _verdicts(embeddings: pa.Table, condition: str, settings: SynthesisIdentity) -> Iterator[dict[str, object]]:
    names, known = _faces(embeddings, condition, "real")
    others, controls = _faces(embeddings, "control", "real")
    rows = dict(_against(embeddings, condition, known, settings))
    beside = dict(_against(embeddings, condition, controls, settings))
    learnt = _learnt(embeddings, condition) + _learnt(embeddings, "control")
    looks = levelled([_picture(row["look"]) for row in learnt]) if learnt else None
    likest = [str(row["image_id"]) for row in learnt]
    for told in _rows(embeddings, condition, "generated"):
        who = {"image_id": told["image_id"], "condition": condition}
        row = rows.get(told["image_id"])
        if row is None:
            why = told["reason"] or "no training photograph of this condition to compare with"
            yield who | {"matches": 0, "pairs": 0, "repeats": False, "quarantined": True, "reason": why}
            continue
        best, matches = int(row.argmax()), int((row >= threshold_of(settings)).sum())
        reason = _control(beside.get(told["image_id"]), others, settings)
        repeat = _repeated(told, likest, looks, settings)
        who |= {"nearest_id": names[best], "similarity": float(row[best]), "matches": matches, "pairs": len(names)}
        held = matches > 0 or bool(repeat["repeats"]) or reason is not None
        yield who | repeat | {"quarantined": held, "reason": reason}


def _repeated(
    told: Mapping[str, Any],
    names: list[str],  # m image_ids
    looks: np.ndarray | None,  # (m, pixels) of theirs; None: there are none
    settings: SynthesisIdentity,
) -> dict[str, object]:
    """The columns likest_id, likeness and repeats of a generated picture."""
    if looks is None or told["look"] is None:
        return {"likest_id": None, "likeness": None, "repeats": False}
    found = likenesses(looks, _picture(told["look"]))
    best = int(found.argmax())
    value = round(float(found[best]), DECIMALS)
    return {"likest_id": names[best], "likeness": value, "repeats": value >= settings.repeated}


def _learnt(embeddings: pa.Table, condition: str) -> list[Mapping[str, Any]]:
    """The photographs that an adapter learnt from and that have a look, by image_id."""
    rows = [r for r in _rows(embeddings, condition, "real") if r["split"] == "train" and r["look"] is not None]
    return sorted(rows, key=lambda row: str(row["image_id"]))


def _picture(look: bytes) -> np.ndarray:
    return np.frombuffer(look, np.uint8).reshape(SIDE, SIDE)


def _control(
    row: np.ndarray | None,  # (m,) similarities with controls' photographs
    names: list[str],
    settings: SynthesisIdentity,
) -> str | None:
    """What is said where a control's photograph matches."""
    if row is None or row.max() < threshold_of(settings):
        return None
    return f"matches a control's photograph, {names[int(row.argmax())][:12]} (similarity {row.max():.2f})"


def leakage(embeddings: pa.Table, condition: str, *, settings: SynthesisIdentity) -> dict[str, Any]:
    """FIR and what stands around it: matching pairs of all pairs, as published (5 of 2,000 x 100 are 0.0025 %).

    `pictures_with_match` counts pictures, which is what somebody who is recognised would ask about.
    """
    names, known = _faces(embeddings, condition, "real")
    limit = threshold_of(settings)
    counts, total, matching, hit, near = np.zeros(len(EDGES) - 1, int), 0.0, 0, 0, []
    compared = 0
    for image_id, row in _against(embeddings, condition, known, settings):
        counts += np.histogram(np.clip(row, EDGES[0], EDGES[-1]), EDGES)[0]
        total, compared = total + float(row.sum()), compared + 1
        matching, hit = matching + int((row >= limit).sum()), hit + int(row.max() >= limit)
        near.append((-float(row.max()), image_id, names[int(row.argmax())]))
    pairs = compared * len(names)
    found: dict[str, Any] = {"fir": matching / pairs if pairs else None, "matching_pairs": matching, "pairs": pairs}
    found |= {"pictures_with_match": hit, "pictures": compared, "mean": total / pairs if pairs else None}
    found["histogram"] = {"edges": [round(float(edge), 6) for edge in EDGES], "counts": counts.tolist()}
    found["nearest"] = [
        {"image_id": image_id, "nearest_id": other, "similarity": -minus}
        for minus, image_id, other in sorted(near)[:NEAREST]
    ]
    return found | ({} if pairs else {"reason": "no pair of a generated and a training face"})


def _against(
    embeddings: pa.Table, condition: str, known: np.ndarray, settings: SynthesisIdentity
) -> Iterator[tuple[str, np.ndarray]]:
    """Every generated face's image_id and its similarities with the training photographs, (m,)."""
    names, drawn = _faces(embeddings, condition, "generated")
    if not len(known):
        return
    for start in range(0, len(names), CHUNK):
        part = _alike(drawn[start : start + CHUNK], known, settings)
        yield from zip(names[start : start + CHUNK], part, strict=True)


def _faces(embeddings: pa.Table, condition: str, origin: str) -> tuple[list[str], np.ndarray]:
    """Names and embeddings (n, D), by name; of photographs those that an adapter learnt from."""
    rows = [row for row in _rows(embeddings, condition, origin) if row["embedding"] is not None]
    if origin == "real":
        rows = [row for row in rows if row["split"] == "train"]
    rows.sort(key=lambda row: str(row["image_id"]))
    return [str(row["image_id"]) for row in rows], np.array([row["embedding"] for row in rows], np.float64)


def _rows(embeddings: pa.Table, condition: str, origin: str) -> list[Mapping[str, Any]]:
    own = pc.and_(pc.equal(embeddings["condition"], condition), pc.equal(embeddings["origin"], origin))
    rows: list[Mapping[str, Any]] = embeddings.filter(own).to_pylist()
    return rows
