"""The chapter of landmark measures, on tables made by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flows import PROJECT
from tasks.base import tables
from tasks.evaluation.anthropometry import chapter
from tasks.evaluation.anthropometry.chapter import NAMES
from tasks.evaluation.anthropometry.compare import (
    TOGETHER,
    best,
    deviations,
    evaluate_anthropometry,
    headline,
    method_scores,
    together,
    unmeasured,
)
from tasks.evaluation.anthropometry.photograph import SPOKEN, AnthropometryReader
from tasks.evaluation.anthropometry.profiles import in_profile
from tasks.evaluation.anthropometry.read import adjusted, read_anthropometry
from tasks.evaluation.anthropometry.section import agreement_picture, ordered
from tasks.evaluation.anthropometry.words import findings, tiles
from tasks.evaluation.photograph import Photograph
from tasks.evaluation.study import Study, make_study
from tasks.pages.norms import NONE, Norms
from tasks.params import load
from tasks.params.anthropometry import AnthropometryMeasure, AnthropometryPoints
from tasks.params.evaluation import Evaluate
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES, ANTHROPOMETRY_POINTS, ANTHROPOMETRY_PROFILES
from tests.ingest.drawn import face

SETTINGS = load(Evaluate, "evaluate", PROJECT / "params.yaml").model_copy(update={"resamples": 50})
PEOPLE = 24


def severities() -> pd.Series:
    """image_id -> 0..1; the first third are controls, without a cleft."""
    ids = [f"i{n:02}" for n in range(PEOPLE)]
    return pd.Series([0.0] * 8 + list(np.linspace(0.1, 1, PEOPLE - 8)), index=ids)


def measures(noise: float = 0.02) -> pd.DataFrame:
    """One measure that follows severity, one that does not, one outside lip and nose."""
    rng = np.random.default_rng(4)
    rows = []
    for number, (image, severity) in enumerate(severities().items()):
        who = {
            "image_id": image,
            "subject_id": f"p{number}",
            "population": "control" if severity == 0 else "repaired",
            "unit": "eye distances",
            "low": None,
            "high": None,
            "reason": None,
        }
        own = {
            "peak_height_difference": ("cleft", 0.1 * severity + abs(rng.normal(0, noise))),
            "lip_mismatch": ("outlines", abs(rng.normal(5, 1))),
            "canthal_tilt": ("eyes", abs(rng.normal(4, 1))),
        }
        rows += [
            who | {"measure": name, "words": name.replace("_", " "), "region": region, "value": v, "deviation": v}
            for name, (region, v) in own.items()
        ]
    return pd.DataFrame(rows)


def points() -> pd.DataFrame:
    who = measures().drop_duplicates("image_id")[["image_id", "subject_id", "population"]]
    return who.assign(refined=pd.Series([[1.0, 2.0]] * PEOPLE, index=who.index), reason=None)


def study(table: pd.DataFrame) -> Study:
    severity = severities()
    known = pd.DataFrame({"image_id": severity.index, "measure": "drawn severity", "value": severity.to_numpy()})
    none = pd.DataFrame(columns=["image_id", "rater_id", "rater_role", "scale", "score"])
    return make_study(none, known, method_scores(table, NAMES), frozenset(), SETTINGS, NAMES)


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    table = measures()
    return evaluate_anthropometry(table, points(), study(table))


def test_only_lip_and_nose_say_how_uneven_a_face_is() -> None:
    assert set(deviations(measures()).columns) == {"peak_height_difference", "lip_mismatch"}


def test_the_unit_of_a_measure_does_not_matter() -> None:
    table = measures()
    own = table["measure"] == "lip_mismatch"
    scaled = table.assign(deviation=table["deviation"].where(~own, table["deviation"] * 9))
    pd.testing.assert_series_equal(together(table), together(scaled))


def test_one_wild_point_is_not_a_face() -> None:
    table = measures()
    wild = table.copy()
    wild.loc[(wild["image_id"] == "i23") & (wild["measure"] == "lip_mismatch"), "deviation"] = 1e6
    assert together(wild)["i23"] < together(table)["i23"] + 6


def test_what_follows_is_told_from_what_does_not(record: dict[str, Any]) -> None:
    found = record["agreement"]["drawn severity"]
    assert found["peak_height_difference"]["spearman"]["value"] > 0.9
    assert abs(found["lip_mismatch"]["spearman"]["value"]) < 0.5
    assert record["combined"]["drawn severity"]["spearman"]["value"] > 0.85
    assert [name for name, _ in ordered(record)["drawn severity"]][-1] == "lip_mismatch"
    assert best(record, "drawn severity") == ("peak_height_difference", found["peak_height_difference"]["spearman"])


def test_controls_and_patients(record: dict[str, Any]) -> None:
    assert set(record["detection"]) == {"patients", "repaired"}
    assert record["detection"]["patients"]["value"] > 0.7
    assert record["photographs"]["control"] == {"measured": 8, "refused": 0, "refined": 8, "by_hand": 8}


def test_words_and_headlines(record: dict[str, Any]) -> None:
    assert headline(record)["lip_and_nose"]["auc_controls"] == record["detection"]["patients"]
    said = " ".join(findings(record, {"peak_height_difference": "height of the bow"}))
    assert "the closest single one, height of the bow" in said
    assert "picked on these photographs" in said
    assert [own.people for own in tiles(record)] == [PEOPLE]


def test_the_picture_is_of_what_was_compared(record: dict[str, Any]) -> None:
    (picture,) = agreement_picture(record, {})
    assert picture.png.startswith(b"\x89PNG")
    assert "drawn severity" in picture.alt
    assert agreement_picture(record | {"agreement": {}}, {}) == []


def test_refused_photographs_have_no_score() -> None:
    table = measures()
    table.loc[table["image_id"] == "i00", ["value", "deviation"]] = None
    scores = method_scores(table, NAMES)
    assert scores[scores["image_id"] == "i00"]["score"].isna().all()
    assert set(scores["method"]) == set(NAMES)
    assert scores.groupby("method")["score"].count()[TOGETHER] == PEOPLE - 1


def test_why_a_photograph_has_no_value_is_told_by_method() -> None:
    table = measures()
    bow = (table["image_id"] == "i01") & (table["measure"] == "peak_height_difference")
    whole = table["image_id"] == "i02"
    for rows, reason in ((bow, "the mouth is open"), (whole, "turned aside")):
        table.loc[rows, ["value", "deviation"]] = None
        table.loc[rows, "reason"] = reason
    assert unmeasured(table, NAMES) == {
        TOGETHER: {"i02": "turned aside"},
        "measure_peak_height_difference": {"i01": "the mouth is open", "i02": "turned aside"},
        "measure_lip_mismatch": {"i02": "turned aside"},
    }


def test_nothing_measured_is_said(tmp_path: Path) -> None:
    made = read_anthropometry(tmp_path)
    assert made.measures.empty
    assert chapter.scores(made, tmp_path).empty
    empty = measures().iloc[:0]
    assert evaluate_anthropometry(empty, points(), study(measures()))["reason"] == "no photograph could be measured"


def test_profiles_have_their_own_tables_in_the_chapter(tmp_path: Path) -> None:
    assert in_profile(tmp_path, SETTINGS, NONE)["photographs"] == {}
    who = [{"image_id": f"{n:064x}", "subject_id": f"p{n // 2}", "population": "repaired"} for n in range(8)]
    refused = who[-1] | {"reason": "the background is uneven"}
    seen = [one | {"view": "left", "nose_height_px": 80.0} for one in who[:-1]] + [refused | {"view": "left"}]
    rows = [
        one
        | {"measure": "dorsal_hump", "words": "hump", "region": "profile", "unit": "nose heights", "value": float(n)}
        for n, one in enumerate(who[:-1])
    ]
    tables.write(ANTHROPOMETRY_PROFILES.table(seen), tmp_path / "profiles", ANTHROPOMETRY_PROFILES, provenance={})
    tables.write(
        ANTHROPOMETRY_MEASURES.table(rows), tmp_path / "profile_measures", ANTHROPOMETRY_MEASURES, provenance={}
    )
    found = in_profile(tmp_path, SETTINGS, NONE)
    assert found["photographs"] == {"repaired": {"measured": 7, "refused": 1}}
    assert found["reasons"] == {"the background is uneven": 1}
    (row,) = found["measures"]
    assert (row["words"], row["mean"]["n_images"], row["mean"]["n_subjects"]) == ("hump", 7, 4)
    assert row["norm"] is None
    norm = {"measure": "dorsal_hump", "gender": "all", "age_group": "all", "p05": 0.0, "p95": 1.0, "reason": None}
    (row,) = in_profile(tmp_path, SETTINGS, Norms([norm], "Norms are theirs."))["measures"]
    assert row["norm"] == norm
    assert row["mean"]["value"] == pytest.approx(np.mean([0.5, 2.5, 4.5, 6]))  # a person counts once


def test_an_adjustment_in_use_is_told(tmp_path: Path) -> None:
    for kinds, told in (([], ()), (["crista_philtri"], ("Points are moved as people's corrections taught",))):
        placed = tmp_path / f"{len(kinds)}/placed"
        placed.mkdir(parents=True)
        empty = ANTHROPOMETRY_POINTS.table([])
        tables.write(empty, placed / "00.parquet", ANTHROPOMETRY_POINTS, provenance={"adjusted": kinds})
        made = read_anthropometry(placed.parent)
        assert tuple(line.partition(" (")[0] for line in adjusted(made.adjusted)) == told


def test_a_photograph_is_not_read_beside_drawn_faces() -> None:
    norm = {"measure": "lip_mismatch", "gender": "all", "age_group": "all", "reason": None, "mean": 5.0, "sd": 1.0}
    norms = Norms([norm | {"p05": 3.0, "p95": 7.0, "unit": "%", "people": 30}], "Norms of 30 people (drawn).", "drawn")
    reader = AnthropometryReader(
        load(AnthropometryPoints, "anthropometry_points", PROJECT / "params.yaml"),
        load(AnthropometryMeasure, "anthropometry_measure", PROJECT / "params.yaml"),
        {name: np.linspace(0, 1, 30) for name in SPOKEN},
        norms,
        {"a": "drawn"},
    )
    drawing = face(3)
    lips: Any = None  # which this system does not look at
    for image_id, bars, place in (("a", 1, "of 30 photographs of controls"), ("b", 0, "compared with nobody")):
        read = reader.read(Photograph(image_id, drawing.image, drawing.landmarks, lips), lambda done: None)
        assert sum(row["bar"] is not None for row in read.context["rows"]) == bars
        assert all(place in own.place for own in read.said)
        assert ("no norms for this picture" in read.context["norms"]) is (image_id == "b")
