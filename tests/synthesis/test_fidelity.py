"""Photographs and generated pictures are measured at one size, as adapters saw them."""

from pathlib import Path

from tasks.params.synthesis import SynthesisMeasure
from tasks.schemas.synthesis import CAPTIONS
from tasks.synthesis.measures.fidelity import generated_features, photograph_features, square
from tests.synthesis.drawn_faces import face, generated, photographs

SETTINGS = SynthesisMeasure(
    seed=1, threads=1, inception="random", dims=64, lpips_net="squeeze", lpips_trunk="random", pairs=8,
    kid_subsets=5, kid_subset_size=8,
)  # fmt: skip


def test_photographs_are_measured_in_their_frames(tmp_path: Path) -> None:
    images, captions = photographs(tmp_path, {"a": ("pre", "train", 1)})
    (row,) = captions.to_pylist()
    framed = CAPTIONS.table([row | {"frame": [40.0, 30.0, 80.0]}])
    shown = photograph_features(images, framed, side=64, settings=SETTINGS, weights="/nowhere")
    cut = generated({"g": ("pre", square(face(1, "pre")[30:110, 40:120], 64))})
    same = generated_features(cut, settings=SETTINGS, weights="/nowhere")
    assert shown["features"].to_pylist() == same["features"].to_pylist()


def test_photographs_that_trained_and_all_generated_have_features(tmp_path: Path) -> None:
    people = {"a": ("pre", "train", 1), "b": ("pre", "test", 2), "c": ("control", "train", 3)}
    shown = photograph_features(*photographs(tmp_path, people), side=64, settings=SETTINGS, weights="/nowhere")
    assert shown["image_id"].to_pylist() == ["a"]
    same = square(face(1, "pre"), 64)
    drawn = generated({"g": ("pre", same), "lost": ("pre", None)})
    rows = generated_features(drawn, settings=SETTINGS, weights="/nowhere").to_pylist()
    assert rows[0]["features"] == shown["features"][0].as_py()  # the photograph was brought to the same size
    assert rows[1]["features"] is None and rows[1]["reason"] == "not finite"
