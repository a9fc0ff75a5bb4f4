"""Help texts: sentences flow to the terminal's width, examples keep their lines."""

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.reflowed import reflowed


def commands(group: typer.Typer, *before: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for one in group.registered_commands:
        assert one.callback
        name = one.name or one.callback.__name__.replace("_", "-")
        yield (*before, name), one.help or ""
    for inner in group.registered_groups:
        assert inner.typer_instance
        yield from commands(inner.typer_instance, *before, inner.name or "")


EVERY = dict(commands(app))


def test_sentences_flow_and_examples_stay() -> None:
    text = "First.\n\n    One\n    two.\n\n    \b\n    vermilion x\n      y\n\n    Last."
    assert reflowed(text) == "First.\n\nOne two.\n\nvermilion x\n  y\n\nLast."


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_no_line_of_a_help_ends_early(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that ends before its next word would not have fitted was broken twice."""
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(app, [*words, "--help"])
    assert done.exit_code == 0 and "\b" not in done.stdout
    shown = [line.strip() for line in done.stdout.partition("╭")[0].splitlines()]
    for paragraph in EVERY[words].split("\n\n"):
        if "\n" in paragraph or not paragraph:
            continue
        start = next(at for at, line in enumerate(shown) if line and paragraph.startswith(line))
        end = shown.index("", start)
        assert " ".join(shown[start:end]) == paragraph
        for line, after in zip(shown[start:end], shown[start + 1 : end], strict=False):
            assert len(line) + 1 + len(after.split()[0]) > 78, line
