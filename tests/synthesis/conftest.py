"""What several tests of the synthesis look at."""

from pathlib import Path

import pytest

from tests.synthesis.tiny import tiny_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """base.json of a tiny stand-in, made by the real build. For looking at."""
    return tiny_base(tmp_path_factory.mktemp("tiny"))
