"""Captions: what is known in words and nothing that tells the person; subjects split whole; edits read or refused."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks import params
from tasks.errors import InputError
from tasks.params.synthesis import SynthesisCaptions
from tasks.synthesis.captions import (
    CaptionError,
    caption_photographs,
    check_edits,
    describe,
    editable,
    split_of,
    takes_part,
)

SETTINGS = params.load(SynthesisCaptions, "synthesis_captions").model_copy(update={"most_controls": 1.0})
FACE = [10.0, 20.0] * 34 + [110.0, 100.0] * 34
"""Landmarks that span 100 pixels, then 80."""
KNOWN = ("cleft_side", "age_group", "gender", "asymmetry", "scarring")


def photograph(number: int, population: str, subject: str | None = None, **known: str) -> dict[str, object]:
    row: dict[str, object] = {"image_id": f"{number:064x}", "names": [f"faces/{number}.png"], "kind": "still"}
    return (
        row
        | {"subject_id": subject or f"s{number}", "population": population}
        | {name: known.get(name) for name in KNOWN}
    )


def images(*rows: dict[str, object]) -> pa.Table:
    known = {name: pa.string() for name in ("image_id", "kind", "subject_id", "population", *KNOWN)}
    schema = pa.schema([*known.items(), ("names", pa.list_(pa.string()))])
    return pa.Table.from_pylist(list(rows), schema)


def landmarks(table: pa.Table, **reasons: str) -> pa.Table:
    ids = table["image_id"].to_pylist()
    told = [reasons.get(f"r{int(i, 16)}") for i in ids]
    points = [None if reason else FACE for reason in told]
    kinds = pa.array(told, pa.string())
    return pa.table({"image_id": ids, "points": pa.array(points, pa.list_(pa.float32())), "reason": kinds})


def captioned(table: pa.Table, edits: Any, settings: Any = SETTINGS, **reasons: str) -> list[dict[str, Any]]:
    found = caption_photographs(table, landmarks(table, **reasons), edits=edits, settings=settings)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


PATIENTS = images(
    photograph(1, "unrepaired", cleft_side="left", age_group="baby"),
    photograph(2, "repaired", cleft_side="both", age_group="child", gender="female", scarring="subtle"),
    photograph(3, "control", age_group="adult", gender="male"),
    photograph(4, "repaired"),
)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"population": "unrepaired"}, "A person's whole face with an unrepaired cleft lip."),
        ({"population": "unrepaired", "cleft_side": "both", "age_group": "child", "gender": "male"},
         "A boy's whole face with an unrepaired bilateral cleft lip."),
        ({"population": "repaired", "cleft_side": "right", "age_group": "adult", "gender": "female",
          "scarring": "visible", "asymmetry": "marked"},
         "A woman's whole face after unilateral cleft lip repair, "
         "with visible scars and marked lip and nose asymmetry."),
        ({"population": "repaired", "age_group": "adult", "scarring": "none", "asymmetry": "none"},
         "An adult's whole face after cleft lip repair."),
        ({"population": "control", "age_group": "child", "cleft_side": None}, "A kid's whole face."),
    ],
)  # fmt: skip
def test_captions_say_what_is_known_and_nothing_else(known: Any, words: str) -> None:
    assert describe(known) == words


def test_every_patient_has_its_trigger_and_no_control_has_one(tmp_path: Path) -> None:
    prompts = [row["prompt"] for row in captioned(PATIENTS, tmp_path)]
    assert prompts == [
        "[CLP] A baby's whole face with an unrepaired unilateral cleft lip.",
        "[CLPrep] A girl's whole face after bilateral cleft lip repair, with subtle scars.",
        "A man's whole face.",
        "[CLPrep] A person's whole face after cleft lip repair.",
    ]
    assert not any(row["edited"] for row in captioned(PATIENTS, tmp_path / "no such folder"))


def test_a_photograph_without_a_face_is_a_row_with_a_reason_and_a_clip_is_none(tmp_path: Path) -> None:
    clip = photograph(9, "repaired") | {"kind": "clip"}
    rows = captioned(images(photograph(1, "repaired"), clip), tmp_path, r1="blurred")
    assert [(row["prompt"], row["reason"]) for row in rows] == [(None, "blurred")]


def test_all_photographs_of_a_subject_are_in_one_split_and_new_ones_move_nobody(tmp_path: Path) -> None:
    rows = [photograph(n, "repaired", subject=f"p{n // 3}") for n in range(300)]
    first, all_ = captioned(images(*rows[:100]), tmp_path), captioned(images(*rows), tmp_path)
    assert [row["split"] for row in first] == [row["split"] for row in all_[:100]]
    assert len({(row["subject_id"], row["split"]) for row in all_}) == 100
    share = sum(row["split"] == "test" for row in all_) / 300
    assert abs(share - SETTINGS.held_out) < 0.12
    other = SETTINGS.model_copy(update={"seed": 2})
    assert any(split_of(f"p{n}", settings=other) != split_of(f"p{n}", settings=SETTINGS) for n in range(20))


def test_a_share_of_the_controls_takes_part_and_every_patient(tmp_path: Path) -> None:
    few = SETTINGS.model_copy(update={"most_controls": 0.25})
    controls = [f"c{n}" for n in range(400)]
    assert 70 < sum(takes_part(name, "control", settings=few) for name in controls) < 130
    assert all(takes_part(name, "repaired", settings=few) for name in controls)
    none = SETTINGS.model_copy(update={"most_controls": 0.0})
    assert [row["condition"] for row in captioned(PATIENTS, tmp_path, none)] == ["pre", "post", "post"]


def test_an_edited_caption_counts_and_gets_the_trigger_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,caption\nfaces/1.png,A newborn with a wide cleft.\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"caption,image_id\n(CLPrep) Légère cicatrice.,{2:064x}\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("not a list")
    assert check_edits(tmp_path, PATIENTS) == 2
    rows = captioned(PATIENTS, tmp_path)
    assert [row["prompt"] for row in rows[:2]] == ["[CLP] A newborn with a wide cleft.", "[CLPrep] Légère cicatrice."]
    assert [row["edited"] for row in rows] == [True, True, False, False]


def test_what_is_exported_and_given_back_unchanged_changes_nothing(tmp_path: Path) -> None:
    made = caption_photographs(PATIENTS, landmarks(PATIENTS), edits=tmp_path, settings=SETTINGS)
    editable(made, PATIENTS).to_csv(tmp_path / "all.csv", index=False)
    again = caption_photographs(PATIENTS, landmarks(PATIENTS), edits=tmp_path, settings=SETTINGS)
    assert check_edits(tmp_path, PATIENTS) == 4 and again.equals(made)


def test_lines_about_other_photographs_are_passed_over_where_only_some_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,caption\nfaces/1.png,A\nfaces/2.png,B\n")
    assert [row["prompt"] for row in captioned(PATIENTS.slice(1, 1), tmp_path)] == ["[CLPrep] B"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("faces/1.png,[CLPrep] A face.", "CLPrep"),
        ("faces/3.png,CLP A face.", "CLP"),
        ("faces/1.png,A CLP face.", "middle"),
    ],
)
def test_a_trigger_that_is_not_the_conditions_or_in_the_way_costs_the_photograph(
    tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "a.csv").write_text(f"path,caption\n{line}\n")
    refused = [row for row in captioned(PATIENTS, tmp_path) if row["reason"]]
    assert len(refused) == 1 and refused[0]["prompt"] is None
    assert "a.csv: line 2" in refused[0]["reason"] and said in refused[0]["reason"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,caption\nfaces/7.png,A\n", r"a\.csv: line 2: no photograph 'faces/7\.png'"),
        ("path,caption\nfaces/1.png,A\n./faces//1.png,B\n", r"line 3: .* already, in .*a\.csv: line 2"),
        ("path,caption\nfaces/1.png,\n", "line 2: the caption is empty"),
        ('path,caption\nfaces/1.png,"A\nB"\n', r"control character '\\n'"),
        ("path,caption\nfaces/1.png,A\x07\n", r"control character '\\x07'"),
        ("path,image_id,caption\nfaces/1.png,00,A\n", "one of the two"),
        ("caption\nA\n", "one of the two"),
        ("path,text\nfaces/1.png,A\n", "no column caption"),
        ("path,caption\nfaces/1.png,A,B\n", "2 cells expected"),
        ("path,caption\nfaces/1.png,#N/A\n", r"line 2: caption '#N/A' is the spreadsheet's error"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        check_edits(tmp_path, PATIENTS)


def test_captions_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("path,caption\nfaces/1.png,Légère\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.csv: line 2: byte 0xe9 is not UTF-8"):
        check_edits(tmp_path, PATIENTS)


def test_one_photograph_in_two_files_is_named_twice(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("path,caption\nfaces/1.png,A\n")
    with pytest.raises(CaptionError, match=r"b\.csv: line 2: .*a\.csv: line 2"):
        check_edits(tmp_path, PATIENTS)


def test_every_caption_has_the_square_around_its_face(tmp_path: Path) -> None:
    for row in captioned(PATIENTS, tmp_path):
        assert row["frame"] == pytest.approx([60 - 75, 60 - 10 - 75, 150])
    whole = SETTINGS.model_copy(update={"frame": None})
    assert {row["frame"] for row in captioned(PATIENTS, tmp_path, whole)} == {None}
    refused = captioned(PATIENTS, tmp_path, r1="no face")[0]
    assert (refused["frame"], refused["reason"]) == (None, "no face")
