"""The `vermilion` command, one module per group of subcommands. Rebuilding is DVC's (`dvc repro`).

A command's module imports what is heavy (Prefect, DVC, torch) inside its functions, so that `--help` is quick.
"""

import sys
from collections.abc import Sequence

import typer

from flows.cli import (
    anthropometry,
    artifacts,
    capture,
    check,
    inpaint,
    inpainting,
    measure,
    norms,
    ratings,
    rebuild,
    reconstruct,
    results,
    review,
    score,
    serve,
    status,
    synthesis,
    use,
    watch,
    withdraw,
)
from flows.cli.project import project_root
from flows.cli.reflowed import reflow
from flows.cli.terminal import say
from flows.running import privacy
from tasks.errors import INTERRUPTED, InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measures of cleft lip repair. Research software, no medical device. `dvc repro` rebuilds all results.",
)
app.command()(check.check)
app.command()(use.use)
app.command()(score.score)
app.command()(inpaint.inpaint)
app.command()(measure.measure)
app.command()(norms.norms)
app.command()(reconstruct.reconstruct)
app.add_typer(capture.app, name="capture")
app.command()(results.results)
app.command()(status.status)
app.command()(rebuild.rebuild)
app.add_typer(ratings.app, name="ratings")
app.command()(review.review)
app.command()(withdraw.withdraw)
app.command()(serve.serve)
app.command()(serve.runs)
app.add_typer(artifacts.app, name="artifacts")
app.command()(watch.watch)
app.add_typer(synthesis.app, name="synthesis")
app.add_typer(inpainting.app, name="inpainting")
app.add_typer(anthropometry.app, name="anthropometry")
reflow(app)


STOPPED = "vermilion: interrupted; what was finished is kept; run it again"


def main() -> None:
    """Entry point: bad input ends with one line and exit code 2, not a traceback."""
    try:
        check_words(sys.argv[1:])
        privacy.settle(project_root())
        app()
    except KeyboardInterrupt:
        say(STOPPED, error=True)
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):  # typer made it an exit code
            say(STOPPED, error=True)
        raise
    except InputError as error:
        say(f"vermilion: {error}", error=True)
        sys.exit(2)
    except OSError as error:
        say(f"vermilion: {said(error)}", error=True)
        sys.exit(2)


def check_words(words: Sequence[str]) -> None:
    """InputError for an empty word, which as a path would mean this folder."""
    for before, word in zip(("", *words), words, strict=False):
        option = word.startswith("--") and word.endswith("=")
        if not word.strip() or option:
            after = word.removesuffix("=") if option else before
            where = f" after {after}" if after.startswith("-") else ""
            raise InputError(f"an empty word stands{where} on the command line; is a variable of the shell empty?")


def said(error: OSError) -> str:
    """What the system refused, and of which file, without its number."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error.strerror or str(error)
