"""The inpainting chapter's numbers, words and gallery, on tables made by hand."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows import PROJECT
from tasks.base.images import encode_png
from tasks.evaluation.headlines import numbers_of
from tasks.evaluation.inpainting.compare import headline, nearness_record
from tasks.evaluation.inpainting.read import notices, read_inpainting
from tasks.evaluation.inpainting.section import gallery
from tasks.evaluation.inpainting.words import findings, tiles
from tasks.params import load
from tasks.params.evaluation import Evaluate
from tasks.schemas.inpainting import AFTER, FILLINGS
from tasks.statistics.detection import detection

SETTINGS = load(Evaluate, "evaluate", PROJECT / "params.yaml")
PSNR = {"input": 24.0, "network": 26.0, "telea": 21.0, "ns": 22.0}


def nearness(against: str = "without the cleft", people: int = 8, **psnr: float) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    own = PSNR | psnr
    rows = [
        {
            "image_id": f"{against} {person} {still}",
            "subject_id": f"p{person}",
            "against": against,
            "method": method,
            "psnr": own[method] + rng.normal(0, 0.1),
            "lpips": 1 / own[method],
            "reason": None,
        }
        for person, still, method in product(range(people), range(2), own)
    ]
    return pd.DataFrame(rows)


def record(table: pd.DataFrame) -> dict[str, Any]:
    far = pd.DataFrame(
        {
            "subject_id": [f"c{n}" for n in range(6)] + [f"p{n}" for n in range(6)],
            "population": ["control"] * 6 + ["unrepaired"] * 3 + ["repaired"] * 3,
            "distance": [*np.arange(6) / 10, *np.arange(6) / 10 + 0.35],
        }
    )
    found = nearness_record(table, SETTINGS)
    return {
        "reason": None,
        "nearness": found,
        "detection": detection(far, SETTINGS, controls="unseen control", done="filled"),
        "agreement": {},
    }


def test_nearer_is_positive_for_both_measures() -> None:
    found = record(nearness())["nearness"]["without the cleft"]
    assert 1.9 < found["psnr"]["nearer_than"]["input"]["value"] < 2.1
    assert found["psnr"]["nearer_than"]["input"]["low"] > 1.8
    assert found["psnr"]["nearer_than"]["input"]["n_subjects"] == 8
    assert found["psnr"]["nearer_than"]["input"]["n_images"] == 16
    assert found["lpips"]["nearer_than"]["telea"]["value"] > 0
    assert set(found["psnr"]["mean"]) == set(PSNR)


def test_refused_photographs_do_not_count() -> None:
    table = nearness()
    table.loc[table["subject_id"] == "p0", ["psnr", "lpips"]] = None
    table.loc[table["subject_id"] == "p0", "reason"] = "no mouth"
    assert record(table)["nearness"]["without the cleft"]["psnr"]["mean"]["network"]["n_subjects"] == 7


def test_patients_lie_further_off_than_controls() -> None:
    found = record(nearness())["detection"]
    assert set(found) == {"patients", "repaired", "unrepaired"}
    assert found["patients"]["value"] > 0.8
    assert found["repaired"]["value"] == 1


def test_two_kinds_of_truth_have_two_headlines() -> None:
    both = pd.concat([nearness(), nearness("after repair", network=22.0)])
    own = numbers_of(headline(record(both)))["inpainting"]
    assert own["decibels_nearer_than_input"] > 1.9  # without the cleft
    assert own["after_repair_decibels_nearer_than_input"] < -1.9


def test_words_say_which_way_and_whether_it_is_settled() -> None:
    said = " ".join(findings(record(nearness(network=23.0))))
    assert "1.0 dB further from the same person\u2019s face without the cleft than the photograph itself" in said
    assert "not settled" not in said
    assert "not settled" in " ".join(findings(record(nearness(people=2))))
    assert [tile.people for tile in tiles(record(nearness()))] == [8, 12]


def filled(name: str, population: str, reason: str | None = None) -> dict[str, Any]:
    grey = encode_png(np.full((16, 16, 3), 99, np.uint8))
    made = {} if reason else {"photograph": grey, "filled": grey, "mask": grey, "points": [8.0] * 136}
    return {"image_id": name, "proposal": 0, "subject_id": name, "population": population, "reason": reason} | made


def test_the_gallery_begins_with_patients_before_repair_and_shows_the_truth_where_there_is_one() -> None:
    rows = [filled("a", "control"), filled("b", "unrepaired"), filled("c", "repaired"), filled("d", "unrepaired", "no")]
    truth = AFTER.table([{"image_id": "b", "against": "after repair", "picture": filled("b", "control")["photograph"]}])
    faces = gallery([FILLINGS.table(rows)], truth, count=3)
    assert [face.subject_id for face in faces] == ["b", "c", "a"]
    assert [face.against for face in faces] == ["after repair", "", ""]
    assert faces[0].after and faces[0].points and faces[1].after is None


def test_no_points_are_drawn_where_the_network_sees_none() -> None:
    row = filled("b", "unrepaired") | {"points": None}
    [face] = gallery([FILLINGS.table([row])], AFTER.table([]), count=3)
    assert face.points is None


def test_a_folder_without_tables_has_no_rows_and_no_notices(tmp_path: Path) -> None:
    made = read_inpainting(tmp_path)
    assert made.distances.empty
    assert made.nearness.empty
    assert notices(tmp_path) == []
