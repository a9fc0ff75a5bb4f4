"""measures.json has every number by condition, or a reason; the projection is the photographs' own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.params.synthesis import SynthesisIdentity, SynthesisMeasure
from tasks.schemas.synthesis import EMBEDDINGS, FEATURES
from tasks.synthesis.measures.together import differences, measure, project
from tests.synthesis.drawn_faces import generated

IDENTITY = SynthesisIdentity(network="dlib", side=256, threshold=0.6, dlib_distance=0.3, repeated=0.965)
SETTINGS = SynthesisMeasure(
    seed=1, threads=1, inception="random", dims=64, lpips_net="squeeze", lpips_trunk="random", pairs=8,
    kid_subsets=5, kid_subset_size=8,
)  # fmt: skip


def made_up(post: int = 6) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Generated pictures, embeddings, features: 6 pictures before repair, `post` after, 5 photographs of each."""
    rng = np.random.default_rng(0)
    pictures = {
        f"{c}{n}": (c, rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
        for c, count in (("pre", 6), ("post", post))
        for n in range(count)
    }
    people: list[tuple[str, str, str, str | None]]
    people = [(name, condition, "generated", None) for name, (condition, _) in pictures.items()]
    people += [(f"photo {c}{n}", c, "real", "train") for c in ("pre", "post", "control") for n in range(5)]
    who = [{"image_id": name, "condition": c, "origin": origin} for name, c, origin, _ in people]
    splits = [{"split": split} for *_, split in people]
    embeddings = EMBEDDINGS.table(
        one | split | {"embedding": rng.normal(0, 0.1, 128).tolist()} for one, split in zip(who, splits, strict=True)
    )
    features = FEATURES.table(
        one | {"features": rng.normal(size=64).tolist()} for one in who if one["condition"] != "control"
    )
    return generated(pictures), embeddings, features


def measured(post: int = 6) -> dict[str, Any]:
    made = made_up(post)
    apart = differences(made[0], settings=SETTINGS, weights="/nowhere")
    return measure(*made, apart, identity=IDENTITY, settings=SETTINGS)


def test_every_number_is_finite_and_written_the_same_again() -> None:
    found = measured()
    text = json.dumps(found, allow_nan=False)
    assert text == json.dumps(measured())
    assert set(found["identity"]) == {"pre", "post"} and found["identity"]["pre"]["pairs"] == 30
    for group, count in (("pre", 6), ("post", 6), ("all", 12)):
        own = found["fidelity"][group]
        assert own["fid"] > 0 and own["n_generated"] == count and own["n_real"] == 5 * count // 6
        assert found["diversity"][group]["low"] <= found["diversity"][group]["lpips"] and not own.get("reason")
        assert found["diversity"][group]["pairs"] == 8
    assert found["network"]["stand_ins"] == ["inception", "lpips"] and found["network"]["threshold"] == 0.7


def test_too_few_pictures_are_null_with_a_reason() -> None:
    found = measured(post=1)
    for part, name in (("fidelity", "fid"), ("diversity", "lpips")):
        assert found[part]["post"][name] is None and found[part]["post"]["reason"]
        assert found[part]["pre"][name] is not None and found[part]["all"][name] is not None
    assert "5 training photographs and 1 generated" in found["fidelity"]["post"]["reason"]
    json.dumps(measured(post=0), allow_nan=False)


def test_the_projection_is_fitted_on_photographs() -> None:
    _, embeddings, _ = made_up()
    rows = project(embeddings).to_pylist()
    assert len(rows) == embeddings.num_rows
    real = np.array([(row["x"], row["y"]) for row in rows if row["origin"] == "real"])
    np.testing.assert_allclose(real.mean(0), 0, atol=1e-9)
    assert abs(np.corrcoef(real.T)[0, 1]) < 1e-6 and real[:, 0].std() >= real[:, 1].std()
    backwards = project(embeddings.take(list(range(embeddings.num_rows))[::-1])).to_pylist()
    assert backwards == rows
    lonely = embeddings.filter(pa.array([row["origin"] == "generated" for row in embeddings.to_pylist()]))
    assert project(lonely).num_rows == 0


def test_no_pictures_of_people_stand_in_the_record(tmp_path: Path) -> None:
    nearest = measured()["identity"]["pre"]["nearest"]
    assert nearest and set(nearest[0]) == {"image_id", "nearest_id", "similarity"}
    assert [one["similarity"] for one in nearest] == sorted((one["similarity"] for one in nearest), reverse=True)
