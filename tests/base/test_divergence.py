"""Every training with a rate that is far too high: a failure that names step, loss and setting, and no network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tasks.anomaly import training as generators
from tasks.base.training import TrainingError
from tasks.synthesis.measures.classifiers import Seen, fit
from tests.anomaly.small_generator import blobs
from tests.anomaly.small_generator import settings as generator_settings
from tests.symmetry.small_training import small_training as symmetry
from tests.synthesis.small_adapter import small_training as adapter
from tests.synthesis.test_classifiers import SETTINGS
from tests.synthesis.tiny import tiny_base


def generator(method: str, rate: float) -> object:
    settings = generator_settings(method=method, learning_rate=rate)
    return generators.train(blobs(), settings=settings, checkpoint=None, provenance={})


def classifier(rate: float) -> object:
    settings = SETTINGS.model_copy(update={"learning_rate": rate, "steps": 12})
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (2, 6, 32, 32, 3), np.uint8)
    classes = [[Seen(f"{n}", f"s{n}", picture) for n, picture in enumerate(own)] for own in pictures]
    return fit("pre_post", classes, settings=settings, folder=Path("nowhere"))


TOO_HIGH: dict[str, tuple[Callable[[Path], object], str]] = {
    "symmetry, no number": (lambda _: symmetry(learning_rate=1e30), "symmetry_train.learning_rate"),
    "symmetry, all alike": (lambda _: symmetry(learning_rate=1e5), "symmetry_train.learning_rate"),
    "symmetry, running means": (
        lambda _: symmetry(learning_rate=1e10, optimiser="adam"),
        "symmetry_train.warmup_steps",
    ),
    "generator, exploded": (lambda _: generator("reconstruction", 1.0), "anomaly_generator.learning_rate"),
    "generator, adversarial": (lambda _: generator("adversarial", 1.0), "anomaly_generator.learning_rate"),
    "autoencoder": (lambda folder: tiny_base(folder, vae_rate=1e20, vae_steps=20), "synthesis_base.stand_in.vae_rate"),
    "transformer": (lambda folder: tiny_base(folder, rate=1e20, steps=20), "synthesis_base.stand_in.rate"),
    "adapter": (lambda folder: adapter(tiny_base(folder), learning_rate=1e30), "synthesis_train.learning_rate"),
    "classifier": (lambda _: classifier(1e30), "synthesis_classify.learning_rate"),
}


@pytest.mark.parametrize("kind", TOO_HIGH)
def test_a_rate_far_too_high_is_a_failure_that_says_what_to_lower(tmp_path: Path, kind: str) -> None:
    train, lower = TOO_HIGH[kind]
    with pytest.raises(TrainingError, match=r"^the training diverged: .*\bstep") as caught:
        train(tmp_path / "base")
    said = str(caught.value)
    assert "loss" in said
    assert lower in said.partition("lower ")[2]
    assert not (tmp_path / "base").exists() or kind == "adapter"
