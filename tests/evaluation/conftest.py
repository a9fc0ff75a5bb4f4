"""The made-up study (tests/study.py), cohort and pictures that the tests of the evaluation share."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from tasks.evaluation.anomaly.compare import evaluate_anomaly
from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.synthesis.compare import evaluate_synthesis
from tasks.params.evaluation import Evaluate
from tests.evaluation.anomaly_study import HEADLINE, NO_RATERS, draw_cohort
from tests.evaluation.showing import evaluate
from tests.evaluation.synthesis_study import draw_synthesis_study
from tests.study import SETTINGS, draw_study


@pytest.fixture(scope="session")
def settings() -> Evaluate:
    return SETTINGS


@pytest.fixture(scope="session")
def draw() -> Callable[..., SimpleNamespace]:
    """Draws another study: seed, patients, photographs."""
    return draw_study


@pytest.fixture(scope="session")
def study() -> SimpleNamespace:
    """Arguments of `evaluate`; not to be changed in place."""
    return draw_study()


@pytest.fixture(scope="session")
def evaluation(study: SimpleNamespace) -> Evaluation:
    return evaluate(study.pairs, study.scores, study.ratings, study.references, SETTINGS)


def draw_region(rng: np.random.Generator) -> bytes:
    image = cv2.GaussianBlur(rng.integers(90, 200, (60, 100, 3), dtype=np.uint8), (0, 0), 6)
    return cv2.imencode(".png", image)[1].tobytes()


@pytest.fixture(scope="session")
def region() -> bytes:
    """A PNG, 100 x 60."""
    return draw_region(np.random.default_rng(0))


@pytest.fixture(scope="session")
def survey(settings: Evaluate) -> Evaluate:
    return settings.model_copy(update={"survey": "likeness", "survey_best": "high"})


@pytest.fixture(scope="session")
def cohort() -> SimpleNamespace:
    """The anomaly tables of a made-up cohort; not to be changed in place."""
    return draw_cohort()


@pytest.fixture(scope="session")
def record(cohort: SimpleNamespace, survey: Evaluate) -> dict[str, Any]:
    """What `evaluate_anomaly` says of it."""
    given = {name: getattr(cohort, name) for name in ("scores", "maps", "ratings", "references", "methods")}
    return evaluate_anomaly(**given, headline=HEADLINE, against="drawn", settings=survey, names={}, raters=NO_RATERS)


@pytest.fixture(scope="session")
def drawn() -> SimpleNamespace:
    """The synthesis tables of a made-up study; not to be changed in place."""
    return draw_synthesis_study()


@pytest.fixture(scope="session")
def drawn_record(drawn: SimpleNamespace, settings: Evaluate) -> dict[str, Any]:
    """What `evaluate_synthesis` says of it."""
    return evaluate_synthesis(drawn.made, drawn.ratings, settings=settings)
