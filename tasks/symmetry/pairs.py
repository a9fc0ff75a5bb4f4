"""Positive and negative pairs of lip halves, split by subject.

In: the warps table (strategy clp) or the lips of sampled video frames (strategy temporal). Out: the PAIRS
table, which names halves and holds no pixels, and a line for each clip that gave none. Rosero et al. 2025,
Methods, "Temporal Misalignment" and "CLP Transformation"; Experiments 1 and 2 (their 2,298/578/510 and
128,000/29,000/31,000 pairs, equal classes in each set, pairs not shared across sets).
Subjects never cross splits, and only controls make pairs: both are checked on the finished table.
Does not know what a half looks like.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base.tables import TableError
from tasks.base.words import counted
from tasks.params.symmetry import PairCounts, SymmetryPairs
from tasks.schemas.columns import SPLITS
from tasks.schemas.symmetry import PAIRS

Row = dict[str, Any]


def clp_pairs(warps: Iterable[Mapping[str, Any]], *, settings: SymmetryPairs) -> pa.Table:
    """PAIRS of strategy clp from WARPS rows: both halves of one face, positive where both sides were treated alike.

    Refused warps give none. TableError where a row is not a control's.
    """
    warps = [row for row in warps if row["reason"] is None]
    rows = [
        {
            "pair_id": row["warp_id"],
            "subject_id": row["subject_id"],
            "population": row["population"],
            "label": int(row["symmetric"]),
            "kind": row["kind"],
            "severity": 0.0 if row["symmetric"] else row["severity_applied"],
            "left_from": row["warp_id"],
            "right_from": row["warp_id"],
        }
        for row in warps
    ]
    controls = _controls(warps)
    return _finished(_with_strangers(rows, controls, settings), controls, settings.most.clp, settings)


def _with_strangers(rows: list[Row], controls: set[str], settings: SymmetryPairs) -> list[Row]:
    """The rows, with a share of the negatives replaced: a photograph's left half beside the right one of another.

    Both are of symmetric faces and of one split; mostly they show two people, now and then one at two moments.
    """
    if not settings.strangers:
        return rows
    split = split_subjects(controls, settings=settings)
    symmetric = [row for row in rows if row["label"]]
    symmetric.sort(key=lambda row: _number(f"{settings.seed} {row['pair_id']}"))
    faces: dict[str, list[Row]] = {name: [] for name in SPLITS}
    for row in symmetric:
        faces[split[row["subject_id"]]].append(row)
    own = {_photograph(row): row for row in symmetric}
    return [_strange(row, own.get(_photograph(row)), faces[split[row["subject_id"]]], settings) for row in rows]


def _strange(row: Row, own: Row | None, faces: Sequence[Row], settings: SymmetryPairs) -> Row:
    """The row, or where its turn comes a pair of its photograph's left half and another photograph's right half."""
    drawn = _number(f"{settings.seed} strangers {row['pair_id']}")
    if row["label"] or own is None or drawn % 1000 >= 1000 * settings.strangers:
        return row
    order = (faces[(drawn // 1000 + step) % len(faces)] for step in range(len(faces)))
    other = next((face for face in order if _photograph(face) != _photograph(row)), None)
    if other is None:
        return row
    halves = {"left_from": own["left_from"], "right_from": other["right_from"]}
    return row | {"kind": "strangers", "severity": 1.0, **halves}


def _photograph(row: Row) -> str:
    """The photograph that a warp was made of: its name begins with it."""
    return str(row["pair_id"]).split("-")[0]


def temporal_pairs(lips: Iterable[Mapping[str, Any]], *, settings: SymmetryPairs) -> tuple[pa.Table, list[str]]:
    """PAIRS of strategy temporal from LIPS rows of frames, and a line for each clip without pairs.

    Positive: the halves of one frame. Negative: its left half with the right half of another frame of the
    same clip, at least `min_gap` frames away. Stills and refused frames are passed over; patients' clips too.
    """
    clips: dict[str, list[Mapping[str, Any]]] = {}
    for row in lips:
        if row["clip_id"] is not None and row["population"] == "control" and row["reason"] is None:
            clips.setdefault(row["clip_id"], []).append(row)
    rows: list[Row] = []
    barren = []
    for clip_id in sorted(clips):
        found = _of_clip(clip_id, sorted(clips[clip_id], key=lambda r: r["frame_index"]), settings)
        rows += found
        if not found:
            barren.append(
                f"clip {clip_id}: {len(clips[clip_id])} usable frames, "
                f"no two at least {settings.min_gap} apart: no pairs"
            )
    used = [row for frames in clips.values() for row in frames]
    return _finished(rows, _controls(used), settings.most.temporal, settings), barren


def too_few(pairs: pa.Table, strategy: str) -> str | None:
    """Why the pairs cannot train a network, and what to add; None where they can. `strategy`: clp or temporal."""
    what = {"clp": "usable photographs of controls", "temporal": "usable clips of controls"}[strategy]
    splits = set(pairs["split"].to_pylist())
    if not splits:
        return f"no {what}: add some (population control in images.csv; docs/raw-layout.md)"
    if missing := [name for name in SPLITS if name not in splits]:
        people = len(set(pairs["subject_id"].to_pylist()))
        return (
            f"{what} of {counted(people, 'person', 'people')}: too few for the split into training, "
            f"validation and test ({' and '.join(missing)} would be empty); add controls, three people at least"
        )
    return None


def _of_clip(clip_id: str, frames: Sequence[Mapping[str, Any]], settings: SymmetryPairs) -> list[Row]:
    """Up to `per_clip` couples of a positive and a negative pair; each frame gives one positive at most."""
    rng = np.random.default_rng([settings.seed, _number(clip_id)])
    at = np.array([frame["frame_index"] for frame in frames])
    rows: list[Row] = []
    for i in rng.permutation(len(frames)):
        partners = np.flatnonzero(np.abs(at - at[i]) >= settings.min_gap)
        if len(partners) and len(rows) < 2 * settings.per_clip:
            other = frames[int(rng.choice(partners))]
            rows += [_frame_pair(frames[i], frames[i]), _frame_pair(frames[i], other)]
    return rows


def _frame_pair(left: Mapping[str, Any], right: Mapping[str, Any]) -> Row:
    same = left["image_id"] == right["image_id"]
    return {
        "pair_id": f"{left['image_id']}-{right['image_id']}",
        "subject_id": left["subject_id"],
        "population": left["population"],
        "label": int(same),
        "kind": "same_frame" if same else "other_frame",
        "severity": 0.0 if same else 1.0,
        "left_from": left["image_id"],
        "right_from": right["image_id"],
    }


def split_subjects(subjects: Iterable[str], *, settings: SymmetryPairs) -> dict[str, str]:
    """A split for each subject: ordered by a seeded hash of their names, cut by the ratios.

    Every split gets a subject where there are at least three.
    """
    order = sorted(set(subjects), key=lambda subject: (_number(f"{settings.seed} {subject}"), subject))
    shares = np.array([settings.train, settings.validation, settings.test])
    ends = np.round(np.cumsum(shares / shares.sum()) * len(order)).astype(int)
    if len(order) >= len(SPLITS):
        ends = np.clip(ends, [1, 2, 3], [len(order) - 2, len(order) - 1, len(order)])
    return {subject: SPLITS[int(np.searchsorted(ends, i, side="right"))] for i, subject in enumerate(order)}


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)


def _controls(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The subjects of the rows; TableError unless every row is a control's."""
    rows = list(rows)
    if patients := sorted({row["subject_id"] for row in rows if row["population"] != "control"}):
        raise TableError(f"table 'pairs': patients never train: {', '.join(patients[:5])}")
    return {row["subject_id"] for row in rows}


def _finished(rows: list[Row], controls: set[str], most: PairCounts | None, settings: SymmetryPairs) -> pa.Table:
    split = split_subjects(controls, settings=settings)
    limits: dict[str, int] = most.model_dump() if most else {}
    kept = [
        row | {"split": name}
        for name in SPLITS
        for row in _balanced([row for row in rows if split[row["subject_id"]] == name], limits.get(name), settings.seed)
    ]
    table = PAIRS.table(kept)
    check_pairs(table, controls)
    return table


def _balanced(rows: list[Row], most: int | None, seed: int) -> list[Row]:
    """As many positives as negatives, at most `most` together, chosen by a seeded hash; in pair_id order."""
    ordered = sorted(rows, key=lambda row: _number(f"{seed} {row['pair_id']}"))
    classes = [[row for row in ordered if row["label"] == label] for label in (0, 1)]
    each = min(len(classes[0]), len(classes[1]), len(rows) if most is None else most // 2)
    return sorted((row for rows_ in classes for row in rows_[:each]), key=lambda row: row["pair_id"])


def check_pairs(pairs: pa.Table, controls: set[str]) -> None:
    """TableError where a subject stands in two splits or is no control, or the classes of a split differ in number."""
    seen: dict[str, str] = {}
    balance = dict.fromkeys(SPLITS, 0)
    for row in pairs.select(["subject_id", "split", "label"]).to_pylist():
        subject = row["subject_id"]
        if subject not in controls:
            raise TableError(f"table 'pairs': subject {subject!r} is no control")
        if seen.setdefault(subject, row["split"]) != row["split"]:
            raise TableError(f"table 'pairs': subject {subject!r} stands in two splits")
        balance[row["split"]] += 1 if row["label"] else -1
    if uneven := {name: n for name, n in balance.items() if n}:
        raise TableError(f"table 'pairs': classes of unequal size, positives less negatives: {uneven}")
