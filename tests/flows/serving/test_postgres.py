"""The Prefect server on PostgreSQL: a stage's run is recorded there and found through the API."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.flows.running.test_tracking import list_images, project, runs  # noqa: F401 (a fixture)
from tests.postgres import postgres, programs
from tests.server import prefect_server

pytestmark = pytest.mark.long


def count(database: str, table: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(database.replace("+asyncpg", ""))
        try:
            found: int = await connection.fetchval(f"select count(*) from {table}")
            return found
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_a_stage_is_recorded_in_postgresql(project: Any, tmp_path_factory: pytest.TempPathFactory) -> None:  # noqa: F811
    if (found := programs()) is None:
        pytest.skip("no PostgreSQL on this machine")
    home = tmp_path_factory.mktemp("prefect")
    with postgres(found) as database, prefect_server(home, database) as url:
        assert "untracked" not in list_images(project, url)
        [run] = runs(url, "ingest_images")
        assert run["state_type"] == "COMPLETED"
        assert count(database, "flow_run") == 1
        assert not list(home.glob("*.db")), "no SQLite beside it"
