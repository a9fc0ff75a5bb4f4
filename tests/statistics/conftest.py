"""The made-up study (tests/study.py) for the tests of the statistics."""

from types import SimpleNamespace

import pytest

from tasks.params.evaluation import Evaluate
from tests.study import SETTINGS, draw_study


@pytest.fixture(scope="session")
def settings() -> Evaluate:
    return SETTINGS


@pytest.fixture(scope="session")
def study() -> SimpleNamespace:
    """Not to be changed in place."""
    return draw_study()
