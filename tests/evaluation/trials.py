"""A made-up trial of a symmetry network on people whom it has not seen."""

from typing import Any

from tasks.evaluation.symmetry.trial import Trial, trial_of


def trial(
    accuracy: tuple[float, float | None, float | None] = (0.9, 0.8, 0.95),
    auc: tuple[float, float | None, float | None] = (0.95, 0.9, 0.98),
    people: int = 40,
    **changed: Any,
) -> Trial:
    """A network's trial on unseen people; each number with the ends of its interval."""

    def estimate(value: float, low: float | None, high: float | None) -> dict[str, Any]:
        return {"value": value, "low": low, "high": high, "reason": None if low else "too few people"}

    test: dict[str, Any] = {"n": 100, "n_positive": 50, "n_negative": 50, "n_subjects": people}
    test |= {"accuracy": estimate(*accuracy), "auc": estimate(*auc)}
    measured = {"threshold": 0.5, "reason": None, "binary": {"test": test}}
    return trial_of("clp", measured | changed, few_people=20)
