"""Values combined without looking at the people they are judged on."""

import numpy as np
import pandas as pd

from tasks.statistics.combination import cross_fitted


def study(people: int, *, signal: float) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    rng = np.random.default_rng(3)
    ids = [f"i{n}" for n in range(people * 2)]
    truth = rng.normal(size=len(ids))
    values = pd.DataFrame(
        {f"m{k}": signal * truth + rng.normal(size=len(ids)) for k in range(6)}, index=pd.Index(ids, name="image_id")
    )
    return values, pd.Series(truth, index=ids), pd.Series([f"p{n // 2}" for n in range(len(ids))], index=ids)


def test_a_combination_follows_better_than_each_part() -> None:
    values, target, subjects = study(60, signal=1)
    found = cross_fitted(values, target, subjects)
    assert found is not None
    assert found.corr(target) > max(values[name].corr(target) for name in values) + 0.05


def test_noise_follows_nothing() -> None:
    """Fitted on the people it is judged on, six columns of noise would seem to follow: r about .22 on 120 images."""
    values, target, subjects = study(60, signal=0)
    found = cross_fitted(values, target, subjects)
    assert found is not None
    assert found.corr(target) < 0.1


def test_the_order_of_images_does_not_matter() -> None:
    values, target, subjects = study(20, signal=1)
    one, turned = cross_fitted(values, target, subjects), cross_fitted(values[::-1], target, subjects)
    assert one is not None
    assert turned is not None
    pd.testing.assert_series_equal(one, turned)


def test_too_few_people_are_not_combined() -> None:
    assert cross_fitted(*study(9, signal=1)) is None
