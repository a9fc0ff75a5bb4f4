import numpy as np
import pytest

from tasks.params.phantoms import PhantomRater
from tasks.phantoms.raters import rate

from .conftest import RATERS

SEVERITIES = np.linspace(0, 1, 600)


def scores(rater: PhantomRater, *, seed: int = 1) -> np.ndarray:
    return np.array([rate(rater, float(s), path=f"{i}.png", seed=seed) for i, s in enumerate(SEVERITIES)])


def test_scores_are_on_the_scale() -> None:
    for rater in RATERS:
        assert set(scores(rater)) == {1, 2, 3, 4, 5}


def test_a_perfect_rater_rounds_the_severity() -> None:
    perfect = PhantomRater(rater_id="perfect", role="medical", bias=0, noise=0, random_share=0)
    found = [rate(perfect, severity, path="a.png", seed=1) for severity in (0, 0.12, 0.13, 0.5, 0.87, 0.88, 1)]
    assert found == [1, 1, 2, 3, 4, 5, 5]


def test_reliable_raters_follow_the_severity_and_the_unreliable_one_does_not() -> None:
    agreement = {rater.rater_id: np.corrcoef(scores(rater), SEVERITIES)[0, 1] for rater in RATERS}
    assert agreement["surgeon"] > 0.9
    assert min(agreement[name] for name in ("lay_1", "lay_2", "lay_3")) > 0.7
    assert agreement["lay_4"] < 0.4
    assert agreement["surgeon"] == max(agreement.values())


@pytest.mark.parametrize("bias", [-0.5, 0.0, 0.5])
def test_bias_and_noise_are_recovered(bias: float) -> None:
    rater = PhantomRater(rater_id="one", role="lay", bias=bias, noise=0.6, random_share=0)
    inside = (SEVERITIES > 0.35) & (SEVERITIES < 0.65)  # away from the ends of the scale
    error = (scores(rater) - (1 + 4 * SEVERITIES))[inside]
    assert error.mean() == pytest.approx(bias, abs=0.15)
    assert error.std() == pytest.approx(np.hypot(0.6, 12**-0.5), abs=0.1)  # noise and rounding


def test_a_score_depends_on_seed_rater_and_image_alone() -> None:
    rater, other = RATERS[1], RATERS[1].model_copy(update={"rater_id": "another"})
    alone = [rate(rater, float(SEVERITIES[i]), path=f"{i}.png", seed=1) for i in (500, 3)]
    assert alone == list(scores(rater)[[500, 3]])
    assert (scores(rater) != scores(other)).any()
    assert (scores(rater) != scores(rater, seed=2)).any()
