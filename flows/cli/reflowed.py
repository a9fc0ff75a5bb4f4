"""Help texts that fit any terminal: sentences flow, examples keep their lines.

In: an app whose commands have docstrings. Out: the same app; typer prints the lines of a paragraph as the source has
them, which breaks each line twice on a terminal of 80 columns. Knows no command.
"""

import inspect

import typer

KEPT = "\b\n"
"""How a paragraph begins whose lines stay as they are."""


def reflow(app: typer.Typer) -> None:
    """Give every command of the app, and of its groups, its docstring with paragraphs in one line each."""
    for command in app.registered_commands:
        text = command.help or (command.callback.__doc__ if command.callback else None)
        if text:
            command.help = reflowed(text)
    for group in app.registered_groups:
        if group.typer_instance:
            reflow(group.typer_instance)


def reflowed(text: str) -> str:
    """Paragraphs in one line each; those that begin with a `\\b` of their own line by line, without it."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(one.removeprefix(KEPT) if one.startswith(KEPT) else " ".join(one.split()) for one in paragraphs)
