"""What the synthesis drew, held against photographs and people: a study whose truth is known."""

import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, roc_auc_score

from flows import PROJECT
from tasks.evaluation.headlines import numbers_of
from tasks.evaluation.metrics import finite, rounded
from tasks.evaluation.synthesis import chapter
from tasks.evaluation.synthesis.compare import evaluate_synthesis
from tasks.evaluation.synthesis.published import CLEFTGAN, EARLIER, PAIRS, PUBLISHED
from tasks.evaluation.synthesis.section import draw_synthesis
from tasks.evaluation.synthesis.words import FUNNEL, findings
from tasks.params.evaluation import Evaluate
from tasks.params.synthesis import SynthesisIdentity
from tasks.schemas.synthesis import EMBEDDINGS, FLAGS
from tasks.synthesis.gate.identity import compare, leakage
from tests.evaluation.showing import evaluate
from tests.evaluation.synthesis_study import COUNT, NETWORK, name_of


def run(study: SimpleNamespace, settings: Evaluate, ratings: pd.DataFrame | None = None, **changed: Any) -> Any:
    own = study.ratings if ratings is None else ratings
    return evaluate_synthesis(study.made._replace(**changed), own, settings=settings)


def test_pictures_are_counted_through_the_funnel(drawn_record: dict[str, Any]) -> None:
    left = drawn_record["funnel"]["pre"]
    assert tuple(left) == FUNNEL
    assert list(left.values()) == [24, 23, 21, 20, 18, 17, 15 + 1, 15, 15]  # the quarantined one bears no flag
    assert drawn_record["flags"]["blurred"] == {"pre": 2, "post": 2}
    assert set(drawn_record["flags"]) == set(FLAGS)
    assert drawn_record["quarantined"] == {"pre": 3, "post": 3}


def test_coverage_counts_what_was_asked_for_and_what_was_released(drawn_record: dict[str, Any]) -> None:
    tones = drawn_record["coverage"]["skin_tone"]
    assert {tone: by["pre"]["asked_for"] for tone, by in tones.items()} == dict.fromkeys(("light", "dark", "olive"), 8)
    assert sum(by["pre"]["released"] for by in tones.values()) == COUNT - 9


def test_table_2_holds_the_measures_and_says_why_one_is_missing(drawn_record: dict[str, Any]) -> None:
    table = drawn_record["table2"]
    assert table["fir"]["pre"]["value"] == pytest.approx(1 / 176)
    assert (table["fir"]["pre"]["matching_pairs"], table["fir"]["pre"]["pairs"]) == (1, 176)
    assert (table["fid"]["all"]["value"], table["fid"]["all"]["n_real"]) == (25.125, 16)
    assert table["kid"]["pre"]["kid_std"] == 0.002
    assert (table["lpips"]["pre"]["low"], table["lpips"]["pre"]["high"]) == (0.48, 0.55)
    assert table["lpips"]["all"] == {"value": None, "low": None, "high": None, "pairs": 0} | {
        "reason": "fewer than two pictures"
    }
    share = drawn_record["matched"]["pre"]
    assert share["value"] == pytest.approx(1 / 22)
    assert share["low"] < share["value"] < share["high"]


def test_what_the_stage_measures_is_what_is_read(drawn: SimpleNamespace, settings: Evaluate) -> None:
    rng = np.random.default_rng(0)
    rows = [{"image_id": f"g{n}", "condition": "pre", "origin": "generated"} for n in range(5)]
    rows += [
        {"image_id": f"p{n}", "condition": "pre", "origin": "real", "split": "train", "subject_id": f"s{n}"}
        for n in range(4)
    ]
    vectors = rng.normal(size=(9, 8))
    vectors[0] = vectors[5]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = EMBEDDINGS.table(row | {"embedding": v.tolist()} for row, v in zip(rows, vectors, strict=True))
    arcface = SynthesisIdentity(network="arcface", side=64, threshold=0.99, dlib_distance=0.6, repeated=0.965)
    identity = {name: leakage(table, name, settings=arcface) for name in ("pre", "post")}
    found = run(drawn, settings, identity=compare(table, settings=arcface).to_pandas(), measures={"identity": identity})
    fir = found["table2"]["fir"]
    assert (fir["pre"]["value"], fir["pre"]["matching_pairs"], fir["pre"]["pairs"]) == (1 / 20, 1, 20)
    assert found["matched"]["pre"]["value"] == pytest.approx(fir["pre"]["pictures_with_match"] / 5)
    assert (fir["post"]["value"], fir["post"]["reason"]) == (None, "no pair of a generated and a training face")
    pictures = draw_synthesis(found, {"identity": identity, "network": {}}, pd.DataFrame(), {})
    assert len(pictures["identity"]) == 1


def test_no_match_is_no_certainty(drawn: SimpleNamespace, settings: Evaluate) -> None:
    safe = drawn.made.identity.assign(matches=0)
    found = run(drawn, settings, identity=safe)["matched"]["pre"]
    assert (found["value"], found["low"]) == (0.0, 0.0)
    assert found["high"] == pytest.approx(1 - 0.025 ** (1 / 22))


def test_ratings_of_generated_and_real_are_kept_apart(drawn: SimpleNamespace, drawn_record: dict[str, Any]) -> None:
    own = drawn_record["ratings"]["realism"]
    rows = drawn.ratings[drawn.ratings["scale"] == "realism"]
    by_image = rows.groupby("image_id")["score"].mean()
    generated = by_image[by_image.index.str.startswith("generated")]
    real = by_image[by_image.index.str.startswith("photo")]
    means = own["means"]
    assert means["generated"]["all"]["value"] == pytest.approx(generated.mean())
    assert means["real"]["all"]["value"] == pytest.approx(real.mean())
    assert means["generated"]["pre"]["value"] == pytest.approx(generated[generated.index.str.contains("pre")].mean())
    assert (means["generated"]["all"]["n_images"], means["real"]["all"]["n_images"]) == (24, 16)
    assert means["real"]["all"]["n_subjects"] == 8
    assert own["difference"]["value"] == pytest.approx(generated.mean() - real.mean())
    assert own["difference"]["low"] < own["difference"]["value"] < own["difference"]["high"]
    assert (own["n_raters"], own["n_ratings"]) == (2, 80)
    assert own["icc_2k"]["value"] > 0.4


def test_other_evaluations_do_not_see_these_scales(
    drawn: SimpleNamespace, study: SimpleNamespace, settings: Evaluate
) -> None:
    likert = drawn.ratings[drawn.ratings["scale"] != "CARS"].assign(rater_role="lay", rater_id="m1")
    both = pd.concat([study.ratings, likert], ignore_index=True)
    with_them = evaluate(study.pairs, study.scores, both, study.references, settings).metrics
    without = evaluate(study.pairs, study.scores, study.ratings, study.references, settings).metrics
    assert with_them["symmetry"] == without["symmetry"]


def test_classifiers_are_sklearns(drawn: SimpleNamespace, drawn_record: dict[str, Any]) -> None:
    for task in ("lip_anomaly", "pre_post"):
        rows = drawn.made.classified[drawn.made.classified["task"] == task]
        said = (rows["probability"] >= 0.5).astype(int)
        own = drawn_record["classifiers"][task]
        assert own["accuracy"]["value"] == pytest.approx(accuracy_score(rows["truth"], said))
        assert own["balanced_accuracy"]["value"] == pytest.approx(balanced_accuracy_score(rows["truth"], said))
        assert own["auc"]["value"] == pytest.approx(roc_auc_score(rows["truth"], rows["probability"]))
        assert own["confusion"] == confusion_matrix(rows["truth"], said).tolist()
        assert own["accuracy"]["low"] < own["accuracy"]["value"] < own["accuracy"]["high"]
        assert own["n_subjects"] == rows["subject_id"].nunique() < own["n"]


def test_half_is_the_second_class(drawn: SimpleNamespace, settings: Evaluate) -> None:
    found = run(drawn, settings, classified=drawn.made.classified.assign(probability=0.5))["classifiers"]["pre_post"]
    assert [row[0] for row in found["confusion"]] == [0, 0]
    assert "not shown to be better than guessing" in "\n".join(
        run(drawn, settings, classified=drawn.made.classified.assign(probability=0.5))["findings"]
    )


def test_a_stand_in_makes_no_fid_and_no_lpips(drawn: SimpleNamespace, settings: Evaluate) -> None:
    text = "\n".join(run(drawn, settings)["findings"])
    assert "This is no FID" in text
    assert "This is no LPIPS" in text
    trained = drawn.made.measures | {"network": NETWORK | {"inception": "pt_inception_fid", "lpips": "alex"}}
    text = "\n".join(run(drawn, settings, measures=trained)["findings"])
    assert "FID is 31.250 before repair (N 23 against 8)" in text
    assert "With few pictures FID comes out too high" in text
    assert "CleftGAN 0.335" in text
    assert "This is no" not in text


@pytest.mark.parametrize("name", ["screened", "identity", "captions", "classified", "measures", "released", "ratings"])
def test_whatever_is_not_there_is_null_with_a_reason(name: str, drawn: SimpleNamespace, settings: Evaluate) -> None:
    if name == "ratings":
        found = run(drawn, settings, ratings=drawn.ratings.iloc[:0])
        assert found["ratings"]["realism"]["means"]["generated"]["all"]["reason"] == "none was rated"
    else:
        empty: dict[str, Any] = {"measures": {}, "released": frozenset()}
        given = empty[name] if name in empty else getattr(drawn.made, name).iloc[:0]
        found = run(drawn, settings, **{name: given})
    assert found["reason"] is None
    assert json.dumps(finite(found), allow_nan=False)
    assert all(isinstance(line, str) for line in found["findings"])


def test_without_prompts_there_is_a_reason_and_nothing_else(drawn: SimpleNamespace, settings: Evaluate) -> None:
    assert run(drawn, settings, prompts=drawn.made.prompts.iloc[:0]) == {"reason": "no pictures were generated"}


def test_the_record_is_finite_names_nobody_and_knows_no_order(
    drawn: SimpleNamespace, drawn_record: dict[str, Any], settings: Evaluate
) -> None:
    text = json.dumps(finite(drawn_record), allow_nan=False)
    assert not re.search(r"(generated|photo|person)-", text)
    tables = ("prompts", "screened", "identity", "captions", "classified")
    mixed = {name: getattr(drawn.made, name).sample(frac=1, random_state=3) for name in tables}
    again = run(drawn, settings, drawn.ratings.sample(frac=1, random_state=4), **mixed)
    assert json.dumps(rounded(finite(again))) == json.dumps(rounded(finite(drawn_record)))
    assert findings(json.loads(text), realism="realism", plausibility="plausibility")


def test_the_headline_numbers_are_in_the_summary(drawn_record: dict[str, Any]) -> None:
    few = numbers_of(chapter.headline(drawn_record))
    own = few["all"]
    distance = "frechet_distance_of_random_features"
    assert own[distance] == 25.125
    assert few["pre"]["released"] == 15
    assert own["lip_anomaly_accuracy"] == drawn_record["classifiers"]["lip_anomaly"]["accuracy"]["value"]
    assert few["post"]["realism"] == drawn_record["ratings"]["realism"]["means"]["generated"]["post"]["value"]
    assert own["distance_by_random_features"] is None
    assert not {"fid", "kid", "lpips"} & {name for column in few.values() for name in column}
    trained = numbers_of(
        chapter.headline(drawn_record | {"network": {"inception": "pt_inception_fid", "lpips": "alex"}})
    )
    assert trained["all"]["fid"] == 25.125
    assert "lpips" in trained["pre"] or "lpips" in trained["all"]


def test_the_published_numbers_are_those_of_the_docs() -> None:
    text = (PROJECT / "docs/published-tables.md").read_text()
    for name, title in (("fid", "FID"), ("lpips", "LPIPS")):
        values = [f"{PUBLISHED[name][group]:.3f}" for group in ("pre", "post", "all")]
        assert f"| {title} | {' | '.join(values)} | {CLEFTGAN[name]} |" in text
    assert f"| FIR, % | {PUBLISHED['fir']['pre']} | {PUBLISHED['fir']['post']:.4f} |" in text
    assert f"{PUBLISHED['realism']['all']}, {PUBLISHED['plausibility']['all']}" in text
    assert f"{PUBLISHED['accuracy']['lip_anomaly']} % of 100 photographs; {EARLIER} % before" in text
    assert 5 / PAIRS["pre"] == pytest.approx(PUBLISHED["fir"]["pre"] / 100)
    assert np.floor(1e6 / PAIRS["post"]) / 1e4 == PUBLISHED["fir"]["post"]


def test_the_places_that_the_docs_name_are_there(drawn_record: dict[str, Any]) -> None:
    text = (PROJECT / "docs/published-tables.md").read_text()
    paths = re.findall(r"`synthesis\.([\w.]+)`", text)
    assert len(paths) > 10
    for path in paths:
        found: Any = drawn_record
        for key in path.split("."):
            assert key in found, path
            found = found[key]


def test_a_picture_of_another_study_is_no_rating_of_ours(drawn: SimpleNamespace, settings: Evaluate) -> None:
    strange = drawn.ratings.assign(image_id="somebody-else" + drawn.ratings["image_id"])
    found = run(drawn, settings, strange)["ratings"]["realism"]
    assert (found["n_raters"], found["n_ratings"]) == (0, 0)
    assert name_of("pre", 8) not in str(found)
