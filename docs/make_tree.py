"""docs/tree.md from the modules' docstrings: `python docs/make_tree.py`; tests/house/test_docs.py checks it."""

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
TARGET = Path(__file__).with_name("tree.md")
HEAD = """# The tree

Written by `python docs/make_tree.py` from the first line of each module's docstring;
change the docstring, not this page.
"""
AROUND = {
    "README.md": "what this is, and the first steps",
    "CONTRIBUTING.md": "the laws; how to add a stage or a system",
    "CHANGELOG.md": "what changed",
    "LICENSE": "Apache-2.0",
    "Makefile": "`make demo`, `make test`, `make clean`; `make` alone lists the rest",
    "dvc.yaml": "what is rebuilt from what: read this first",
    "dvc.lock": "DVC's record of the last run: digests of what went in and came out",
    "params.yaml": "every number, one block per stage, and which systems are on",
    "pyproject.toml": "package, linters, tests",
    "requirements.lock": "exact versions with hashes",
    "data/added/": "batches that stewards brought",
    "data/captions/": "captions that people wrote",
    "data/votes/": "what surgeons said of filled faces",
    "data/corrections/": "what people corrected on the review page",
    "data/repeats/": "what raters said the second time of photographs that came twice",
    "data/ratings_in_progress/": "what raters answered, until it is handed in",
    "data/exemplars/": "landmark sets that the warp may use",
    "data/reports/": "metrics in git; the report and its figures after a run",
    "docs/published.yaml": "a whole params.yaml with the papers' settings",
    "docs/make_tables.py": "writes docs/tables.md",
    "docs/make_tree.py": "writes this page",
    "tests/": "mirrors `tasks/` and `flows/`",
}
"""Paths that have no docstring, and what they are."""

ROOMS = ("flows", "tasks", "bench")


def render() -> str:
    """The whole page."""
    around = [f"- `{path}`: {words}" for path, words in AROUND.items()]
    pages = [f"- [{page.name}]({page.name}): {title_of(page)}" for page in sorted(TARGET.parent.glob("*.md"))]
    rooms = [line for name in ROOMS for line in _room(PROJECT / name)]
    return "\n".join([HEAD, *around, "", "## docs/", "", *pages, *rooms, ""])


def words_of(module: Path) -> str:
    """The first line of a module's docstring; ValueError without one."""
    words = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    if not words:
        raise ValueError(f"{module}: no docstring")
    return words.splitlines()[0]


def title_of(page: Path) -> str:
    """A page's title. This page may not be there yet."""
    if page == TARGET:
        return "The tree"
    return page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def _room(folder: Path) -> list[str]:
    """A heading per folder, its words and its modules; then the folders in it."""
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    lines = ["", f"## {folder.relative_to(PROJECT)}/", "", words_of(folder / "__init__.py"), ""]
    lines += [f"- `{path.name}`: {words_of(path)}" for path in modules]
    rooms = sorted(path.parent for path in folder.glob("*/__init__.py"))
    return [*lines, *(line for room in rooms for line in _room(room))]


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
