"""SECURITY.md promises what tests hold: each test that it names is there."""

import ast
import re

import pytest

from flows import PROJECT

PAGE = (PROJECT / "SECURITY.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_promise_names_a_test_that_is_there(file: str, name: str) -> None:
    tree = ast.parse((PROJECT / file).read_text())
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test")}
    assert tests if not name else name in tests


def test_every_promise_has_its_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "promised |" not in line]
    assert len(rows) >= 15
    assert all("`tests/" in row.split("|")[-2] for row in rows)


def test_readme_and_docs_lead_here() -> None:
    for page in ("README.md", "docs/README.md"):
        assert "SECURITY.md)" in (PROJECT / page).read_text()
