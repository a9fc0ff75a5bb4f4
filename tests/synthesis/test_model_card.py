"""The model card: what it tells, what it must not, and that its code runs."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tasks.base.images import decode_png
from tasks.params.synthesis import SynthesisGenerate
from tasks.synthesis import base as bases
from tasks.synthesis import generation
from tasks.synthesis.adapter.model_card import card
from tests.synthesis.small_adapter import DRAWING, SETTINGS, shown, small_examples, small_training


def page(base: Path, trained: Any) -> str:
    return card(
        condition="pre", base=bases.open_base(base.parent).manifest, photographs=3, subjects=3, trigger="CLP",
        example=shown()["prompt"][0].as_py(), settings=SETTINGS, drawing=DRAWING, curves=trained.curves,
        sha256=hashlib.sha256(trained.weights).hexdigest(),
    )  # fmt: skip


def test_the_card_tells_counts_parameters_and_the_stand_in_and_names_nobody(base: Path) -> None:
    trained = small_training(base)
    text = page(base, trained)
    front = yaml.safe_load(text.split("---")[1])
    assert front["instance_prompt"] == "[CLP]"
    assert "3 photographs of 3 people" in text
    assert "stand-in" in text
    assert hashlib.sha256(trained.weights).hexdigest() in text
    assert not re.search(r"patient-\d|control-\d", text)
    assert "{" not in text.replace("{}", "")
    assert small_examples().subjects == 3


def test_the_cards_code_draws_the_picture_that_vermilion_draws(base: Path, tmp_path: Path) -> None:
    """The adapter in plain diffusers, by the words of the card, against tasks.synthesis.generation."""
    trained = small_training(base)
    (tmp_path / "pytorch_lora_weights.safetensors").write_bytes(trained.weights)
    code = re.search(r"```python\n(.*?)```", page(base, trained), re.DOTALL)
    assert code is not None
    names = {"BASE": str(base.parent), "FOLDER": str(tmp_path)}
    exec(code.group(1), names)
    prompts = shown().set_column(3, "seed", [[1]])
    settings = SynthesisGenerate.model_validate(DRAWING.model_dump() | {"together": 1})
    ours = generation.generate_pictures(
        prompts, base=base, adapter=tmp_path / "pytorch_lora_weights.safetensors", settings=settings
    )
    drawn = decode_png(ours["picture"][0].as_py()).astype(int)
    assert np.abs(drawn - np.asarray(names["picture"]).astype(int)).max() <= 1
