"""params.yaml fits its models, and what does not fit is told by file, block, key and what is accepted."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from tasks import params
from tasks.params import Block, ParamsError, load
from tasks.params.ingest import IngestFrames
from tasks.params.problems import blocks, last_derived, problems
from tasks.params.running import Runtime, Systems
from tasks.params.symmetry import SymmetryTrain

PARAMS = Path(__file__).parents[2] / "params.yaml"
BLOCKS = yaml.safe_load(PARAMS.read_text())


def nested(model: type[BaseModel]) -> set[str]:
    """Names of the models that stand in a model's fields."""
    fields = "\n".join(map(str, model.model_fields.values()))
    return {other.__name__ for other in MODELS.values() if re.search(rf"\b{other.__name__}\b", fields)}


for _module in pkgutil.iter_modules(params.__path__):
    importlib.import_module(f"{params.__name__}.{_module.name}")
MODELS = {model.__name__: model for model in last_derived(Block) if model.__module__.startswith(params.__name__)}
INNER = set().union(*(nested(model) for model in MODELS.values()))
EVERY_SYSTEM = ["anomaly", "anthropometry", "fairness", "inpainting", "surface", "symmetry", "synthesis"]
OUTER = {name: model for name, model in MODELS.items() if name not in INNER} | {"Systems": Systems}


def model_of(block: str) -> type[BaseModel]:
    return blocks()[block]


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_has_a_model_that_takes_it(block: Any) -> None:
    loaded = load(model_of(block), block, PARAMS)
    assert set(loaded.model_dump()) == set(BLOCKS[block])


def test_every_model_has_a_block() -> None:
    assert {model_of(block).__name__ for block in BLOCKS} == set(OUTER)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_frozen_and_closed(name: Any) -> None:
    config = MODELS[name].model_config
    assert config.get("frozen")
    assert config.get("extra") == "forbid"


@pytest.mark.parametrize("name", MODELS)
def test_no_number_has_a_default(name: Any) -> None:
    """Every number stands in params.yaml, once."""
    assert all(field.is_required() for field in MODELS[name].model_fields.values())


def test_a_loaded_block_cannot_be_changed() -> None:
    loaded = load(Runtime, "runtime", PARAMS)
    with pytest.raises(ValidationError, match="frozen"):
        loaded.workers = 9


GOOD = "ingest_frames: {rule: even, step: 1, count: 3}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            GOOD.replace("count: 3", "count: 3, pace: 2"),
            ["line 1: ingest_frames.pace", "Known keys: rule, step, count"],
        ),
        (GOOD.replace("count", "cuont"), ["ingest_frames.cuont: no such key; did you mean `count`?"]),
        (GOOD.replace(", count: 3", ""), ["ingest_frames.count: is missing", "a whole number"]),
        (GOOD.replace("count: 3", "count: many"), ["ingest_frames.count: 'many' does not fit", "a whole number"]),
        (GOOD.replace("count: 3", "count: 0"), ["ingest_frames.count: 0 does not fit", "at least 1"]),
        (GOOD.replace("rule: even", "rule: odd"), ["ingest_frames.rule: 'odd' does not fit", "every or even"]),
        ("ingest_frames:", ["ingest_frames: `key: value` lines", "Known keys: rule, step, count"]),
        ("other: {a: 1}\nmore: {}", ["no block 'ingest_frames'", "other, more"]),
        ("1: {a: 1}", ["no block 'ingest_frames'", "1"]),
        ("", ["one block per stage"]),
        ("- 1\n- 2", ["one block per stage"]),
        ("ingest_frames", ["one block per stage"]),
        ("ingest_frames: {rule: [", ["not YAML", "line 1"]),
        (b"ingest_frames: {rule: \xe9}", ["not YAML"]),
        ("a: &a {b: 1}\ningest_frames: *a", ["not YAML", "*a repeats what stands elsewhere; write it out", "line 2"]),
        ("a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(60)), ["write it out"]),
        ("ingest_frames: " + "[" * 5000, ["not YAML"]),
        ("a: " + "1" * 2_000_000, ["2,000,003 bytes; 1,048,576 at most are accepted"]),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, text: Any, told: Any) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ParamsError) as caught:
        load(IngestFrames, "ingest_frames", path)
    for part in [str(path), *told]:
        assert part in str(caught.value)


SLIPS = {
    "ingest_landmarks": {"max_yaw": 200, "min_sharpness": 27, "min_mouth_contrast": 50, "min_score": 38},
    "anthropometry_measure": {"iris_mm": 117, "most_smile": 92, "most_opening": 4, "hand_error": 5, "most_yaw": 100},
}


@pytest.mark.parametrize(("block", "key"), [(block, key) for block, slips in SLIPS.items() for key in slips])
def test_a_lost_decimal_point_is_told(tmp_path: Path, block: str, key: str) -> None:
    """Numbers that no photograph and no training can have are refused before hours of work, with what is accepted."""
    numbers = yaml.safe_load(PARAMS.read_text())
    numbers[block][key] = SLIPS[block][key]
    (problem,) = problems(written(tmp_path, yaml.safe_dump(numbers)), EVERY_SYSTEM)
    assert f"{block}.{key}" in str(problem) and "at most" in str(problem)


def test_a_key_deep_inside_is_named(tmp_path: Path) -> None:
    blocks = yaml.safe_load(PARAMS.read_text())
    blocks["symmetry_train"]["augmentation"]["blurr"] = 1
    with pytest.raises(ParamsError, match=r"augmentation\.blurr"):
        load(SymmetryTrain, "symmetry_train", written(tmp_path, yaml.safe_dump(blocks)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"nothing/params\.yaml: No such file"):
        load(Runtime, "runtime", tmp_path / "nothing/params.yaml")


def test_scientific_notation_without_a_point_is_a_number(tmp_path: Path) -> None:
    blocks = yaml.safe_load(PARAMS.read_text())
    path = written(tmp_path, yaml.safe_dump(blocks).replace("weight_decay: 1.0e-05", "weight_decay: 1e-5"))
    assert "weight_decay: 1e-5" in path.read_text()
    assert load(SymmetryTrain, "symmetry_train", path).weight_decay == 1e-5


def found(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = PARAMS.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return [str(problem) for problem in problems(written(tmp_path, text), EVERY_SYSTEM)]


def line_of(text: str) -> int:
    return PARAMS.read_text().splitlines().index(text) + 1


@pytest.mark.parametrize("path", [PARAMS, PARAMS.parent / "docs/published.yaml"])
def test_what_the_repository_has_is_without_problems(path: Any) -> None:
    assert problems(path, EVERY_SYSTEM) == []


def test_all_blocks_are_told_at_once_with_their_lines_and_what_was_meant(tmp_path: Path) -> None:
    told = found(
        tmp_path,
        ("  margin: 1.0\n", "  marginn: 1.0\n"),
        ("  max_epochs: 1000", "  max_epochs: 0"),
        ("ramp_up: 0.05", "ramp_up: 0,05"),
        ("anomaly_score:", "anomaly_scores:"),
        ("blur: 0.05", "blur: .nan"),
        ("bias: 0.5, noise: 0.6", "bias: x, noise: 0.6"),
        ("  synthesis: true", "  sinthesis: true"),
    )
    assert len(told) == 7  # each mistake once: a mistyped key is not missing besides
    for line, text in zip(told, [
        "systems.sinthesis: no such system; did you mean `synthesis`?",
        "phantoms_draw.raters.2.bias: 'x' does not fit. Accepted: a number",
        "symmetry_train.marginn: no such key; did you mean `margin`?",
        "symmetry_train.max_epochs: 0 does not fit. Accepted: a whole number, at least 1",
        "anomaly_align.blur: nan does not fit",
        "anomaly_invert.ramp_up: '0,05' does not fit. Accepted: a number, at least 0",
        "anomaly_scores: no stage reads this block; did you mean `anomaly_score`?",
    ], strict=True):  # fmt: skip
        assert text in line
    assert told[2].startswith(f"line {line_of('  margin: 1.0')}: ")


def test_a_file_without_systems_says_what_to_paste(tmp_path: Path) -> None:
    text = "systems: # false: its stages end at once, and its chapter says that it is off\n"
    [told] = found(
        tmp_path,
        (
            text + "  symmetry: true\n  anomaly: true\n  synthesis: true\n  inpainting: true\n"
            "  anthropometry: true\n  surface: true\n  fairness: true\n",
            "",
        ),
    )
    assert "systems: this block is missing" in told
    assert yaml.safe_load(told.partition("params.yaml:")[2]) == {"systems": dict.fromkeys(EVERY_SYSTEM, True)}


def test_a_key_that_stands_twice_is_told(tmp_path: Path) -> None:
    [told] = found(tmp_path, ("  momentum: 0.9\n", "  momentum: 0.9\n  momentum: 0.8\n"))
    assert "symmetry_train.momentum: stands twice" in told


@pytest.mark.parametrize("text", ["a: 1\n b: [\n", "\t- x", "", "- 1", "just words", "a: &x 1\nb: *y"])
def test_what_is_no_params_yaml_at_all_is_one_line(tmp_path: Path, text: str) -> None:
    assert len(problems(written(tmp_path, text), ["symmetry"])) >= 1


@pytest.mark.parametrize(
    ("block", "key", "value", "said"),
    [
        ("ingest_ratings", "scales", {"CARS": {"low": 5, "high": 1}}, "low must be the smaller one"),
        ("symmetry_pairs", "train", 0.9, "the sum is"),
    ],
)
def test_numbers_that_contradict_each_other_are_told(
    tmp_path: Path, block: str, key: str, value: Any, said: str
) -> None:
    numbers = yaml.safe_load(PARAMS.read_text())
    numbers[block][key] = value
    told = [str(problem) for problem in problems(written(tmp_path, yaml.safe_dump(numbers)), [])]
    assert any(said in one for one in told), told


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("margin: 1.0", "margin: true", "symmetry_train.margin: true does not fit. Accepted: a number, above 0"),
        ("rank: 16", "rank: yes", "synthesis_train.rank: true does not fit. Accepted: a whole number, at least 1"),
        ("{ clp: 8,", "{ clp: on,", "symmetry_warp.deformations: one of its values is true or false"),
        ("noise: 0.4", "noise: true", "phantoms_draw.raters.0.noise: true does not fit. Accepted: a number"),
        ("symmetry: true", "symmetry: 1", "systems.symmetry: 1 does not fit. Accepted: true or false"),
        ("  anomaly: true\n", "", "systems.anomaly: is missing; write anomaly: true, or false to switch it off"),
        ("steps: { 16", "steps: { 7", "anomaly_generator.steps: side 7 is no power of two from 4 on"),
        ("16: 1200", "16: 0", "anomaly_generator.steps: side 16 has 0 steps; at least 1"),
        ("64: 1400 }", "128: 9 }", "anomaly_generator.steps: the last side is 128, and pictures have 64"),
        ("steps: { 16: 1200, 32: 1200, 64: 1400 }", "steps: {}", "anomaly_generator.steps: no side has steps"),
        ("scale: CARS", "scale: cars", "evaluate.scale: 'cars' is none of the scales in ingest_ratings.scales: CARS"),
    ],
)
def test_what_a_stage_would_find_hours_later_is_told_now(tmp_path: Path, old: str, new: str, said: str) -> None:
    [told] = found(tmp_path, (old, new))
    assert said in told


def test_a_switch_is_still_true_or_false(tmp_path: Path) -> None:
    assert found(tmp_path, ("normalise_embedding: true", "normalise_embedding: false")) == []


def test_pictures_of_a_side_that_no_generator_has_are_told(tmp_path: Path) -> None:
    [told] = found(tmp_path, ("  size: 64", "  size: 96"))
    assert "anomaly_align.size: 96: the generator is trained for powers of two" in told
