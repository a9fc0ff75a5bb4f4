from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.base.tables import TableError
from tasks.params.symmetry import MostPairs, PairCounts, SymmetryPairs
from tasks.symmetry.pairs import check_pairs, clp_pairs, split_subjects, temporal_pairs

SETTINGS = SymmetryPairs(
    seed=0,
    train=0.6,
    validation=0.2,
    test=0.2,
    most=MostPairs(clp=None, temporal=None),
    per_clip=5,
    min_gap=4,
    strangers=0,
)


def settings(**changes: Any) -> Any:
    return SETTINGS.model_copy(update=changes)


def warp(subject: Any, number: Any, symmetric: Any, **changes: Any) -> Any:
    return {
        "warp_id": f"{subject}-{'positive' if symmetric else 'negative'}-{number}",
        "subject_id": subject,
        "population": "control",
        "symmetric": symmetric,
        "kind": "untouched" if symmetric else "clp",
        "severity_applied": 0.0 if symmetric else 0.7,
        "reason": None,
        **changes,
    }


def warps(subjects: Any, each: Any = 2, **changes: Any) -> Any:
    return [
        warp(f"s{s}", n, symmetric, **changes)
        for s in range(subjects)
        for n in range(each)
        for symmetric in (True, False)
    ]


def frame(clip: Any, index: Any, **changes: Any) -> Any:
    return {
        "image_id": f"{clip}.{index}",
        "clip_id": clip,
        "subject_id": f"of-{clip}",
        "population": "control",
        "frame_index": index,
        "reason": None,
        **changes,
    }


def clip(name: Any, frames: Any, **changes: Any) -> Any:
    return [frame(name, index, **changes) for index in range(frames)]


def counts(table: Any) -> Any:
    return Counter((row["split"], row["label"]) for row in table.to_pylist())


def subjects_of(table: Any, split: Any) -> Any:
    return {row["subject_id"] for row in table.to_pylist() if row["split"] == split}


def test_both_halves_of_one_face_make_a_clp_pair() -> None:
    rows = clp_pairs(warps(10), settings=SETTINGS).to_pylist()
    assert all(row["left_from"] == row["right_from"] == row["pair_id"] for row in rows)
    assert {(row["label"], row["kind"], row["severity"]) for row in rows} == {(1, "untouched", 0.0), (0, "clp", 0.7)}


def test_classes_are_equal_and_subjects_apart_in_every_split() -> None:
    unequal = [row for row in warps(20, each=3) if row["symmetric"] or row["subject_id"] not in ("s1", "s2")]
    for table in (
        clp_pairs(unequal, settings=SETTINGS),
        temporal_pairs([f for c in range(20) for f in clip(f"c{c}", 12)], settings=SETTINGS)[0],
    ):
        found = counts(table)
        for split in ("train", "validation", "test"):
            assert found[split, 0] == found[split, 1] > 0
        groups = [subjects_of(table, split) for split in ("train", "validation", "test")]
        assert sum(map(len, groups)) == len(set.union(*groups))


def test_a_share_of_the_negatives_joins_two_photographs_of_one_split() -> None:
    rows = warps(60, each=4)
    plain = {row["pair_id"]: row for row in clp_pairs(rows, settings=SETTINGS).to_pylist()}
    mixed = clp_pairs(rows, settings=settings(strangers=0.25)).to_pylist()
    assert plain.keys() == {row["pair_id"] for row in mixed}
    strange = [row for row in mixed if row["kind"] == "strangers"]
    assert 40 < len(strange) < 80  # of 240
    assert [row for row in mixed if row["kind"] != "strangers"] == [
        row for name, row in plain.items() if name not in {row["pair_id"] for row in strange}
    ]
    split = {row["subject_id"]: row["split"] for row in mixed}
    for row in strange:
        left, right = (row[side].split("-") for side in ("left_from", "right_from"))
        assert row["label"] == 0 and left[1] == right[1] == "positive"
        assert left[0] == row["subject_id"] != right[0]
        assert split[left[0]] == split[right[0]] == row["split"]


def test_a_single_photograph_has_no_strangers() -> None:
    found = clp_pairs(warps(3, each=4), settings=settings(strangers=0.9)).to_pylist()
    assert {row["kind"] for row in found} == {"untouched", "clp"}


def test_refused_warps_make_no_pairs() -> None:
    rows = [row | {"reason": "lost"} if row["warp_id"].endswith("-0") else row for row in warps(10)]
    found = clp_pairs(rows, settings=SETTINGS).to_pylist()
    assert len(found) == 20 and not any(row["pair_id"].endswith("-0") for row in found)


def test_published_sizes_are_reached_when_there_is_enough() -> None:
    published = PairCounts(train=2298, validation=578, test=510)
    chosen = settings(most=MostPairs(clp=published, temporal=None))
    table = clp_pairs(warps(900, each=3), settings=chosen)
    assert counts(table) == {
        ("train", 0): 1149,
        ("train", 1): 1149,
        ("validation", 0): 289,
        ("validation", 1): 289,
        ("test", 0): 255,
        ("test", 1): 255,
    }


def test_patients_never_train() -> None:
    with pytest.raises(TableError, match="patients never train: s3"):
        clp_pairs([*warps(5), warp("s3", 9, False, population="repaired")], settings=SETTINGS)
    mixed = [f for c in range(5) for f in clip(f"c{c}", 12)] + clip("patient", 12, population="repaired")
    table, barren = temporal_pairs(mixed, settings=SETTINGS)
    assert not barren and "of-patient" not in {row["subject_id"] for row in table.to_pylist()}


def test_the_check_itself_refuses() -> None:
    table = clp_pairs(warps(10), settings=SETTINGS)
    everyone = {f"s{n}" for n in range(10)}
    check_pairs(table, everyone)
    with pytest.raises(TableError, match="no control"):
        check_pairs(table, everyone - {"s4"})
    one_less = table.filter([row["pair_id"] != "s4-positive-0" for row in table.to_pylist()])
    with pytest.raises(TableError, match="unequal"):
        check_pairs(one_less, everyone)
    rows = table.to_pylist()
    crossing = next(i for i, row in enumerate(rows) if row["split"] == "train")
    rows[crossing]["split"] = "test"
    with pytest.raises(TableError, match="two splits"):
        check_pairs(table.from_pylist(rows), everyone)


def test_negative_frames_are_never_neighbours() -> None:
    table, _ = temporal_pairs([f for c in range(8) for f in clip(f"c{c}", 15)], settings=SETTINGS)
    rows = table.to_pylist()
    for row in rows:
        (left_clip, left), (right_clip, right) = row["left_from"].split("."), row["right_from"].split(".")
        assert left_clip == right_clip
        assert (left == right) if row["label"] else abs(int(left) - int(right)) >= 4
    assert len(rows) == 8 * 10


def test_clips_without_pairs_are_named_and_stop_nothing() -> None:
    good = [f for c in range(5) for f in clip(f"c{c}", 12)]
    short = clip("single", 1) + clip("close", 4)
    refused = clip("dark", 12, reason="no face")
    stills = [frame("x", 0, clip_id=None, frame_index=None)]
    table, barren = temporal_pairs(good + short + refused + stills, settings=SETTINGS)
    assert len(barren) == 2
    assert "clip single: 1 usable frames" in barren[1] and "clip close" in barren[0]
    assert {row["subject_id"] for row in table.to_pylist()} <= {f"of-c{c}" for c in range(5)}


def test_another_clip_changes_no_pair_of_the_others() -> None:
    clips = [f for c in range(6) for f in clip(f"c{c}", 12)]
    before = {r["pair_id"] for r in temporal_pairs(clips, settings=SETTINGS)[0].to_pylist()}
    after = {r["pair_id"] for r in temporal_pairs(clips + clip("new", 12), settings=SETTINGS)[0].to_pylist()}
    assert before <= after


def test_order_of_rows_does_not_matter() -> None:
    rows = warps(12)
    assert clp_pairs(rows, settings=SETTINGS).equals(clp_pairs(rows[::-1], settings=SETTINGS))
    frames = [f for c in range(6) for f in clip(f"c{c}", 12)]
    assert temporal_pairs(frames, settings=SETTINGS)[0].equals(temporal_pairs(frames[::-1], settings=SETTINGS)[0])


@given(st.sets(st.text(min_size=1, max_size=5), min_size=3, max_size=60), st.integers(0, 5))
def test_every_split_has_a_subject(subjects: Any, seed: Any) -> None:
    found = Counter(split_subjects(subjects, settings=settings(seed=seed)).values())
    assert set(found) == {"train", "validation", "test"} and sum(found.values()) == len(subjects)
    if len(subjects) >= 20:
        assert abs(found["train"] / len(subjects) - 0.6) < 0.06


def test_seed_changes_the_split() -> None:
    names = [f"s{n}" for n in range(40)]
    assert split_subjects(names, settings=SETTINGS) != split_subjects(names, settings=settings(seed=1))


def test_no_controls_give_an_empty_table() -> None:
    assert clp_pairs([], settings=SETTINGS).num_rows == 0
    table, barren = temporal_pairs([], settings=SETTINGS)
    assert table.num_rows == 0 and barren == []
