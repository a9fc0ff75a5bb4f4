"""`vermilion anthropometry`: how far the models' points are off, and an adjustment that people's corrections teach."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from flows.cli.project import JSON, project_root
from flows.cli.terminal import cell, say
from tasks.base.words import counted, listed_lines
from tasks.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Landmark measures: what people's corrections say of the models' points.")

POINTS = Path("data/anthropometry/points")
CORRECTIONS = Path("data/corrections")


@app.command()
def bias(as_json: JSON = False) -> None:
    """How far people moved each point from where the models had it, on average.

    In per cent of the distance between the pupils: to the picture's right and downwards. Only points that somebody put
    right count (`vermilion review`): a point that was right is not touched, so these are the points that looked wrong.
    "left" is what would be left of the distance if each person's points were moved by the mean of the other people's
    photographs: below "off", a fixed correction would help.

    \b
    vermilion anthropometry bias
    """
    found, number = bias_of(project_root())
    if as_json:
        print(json.dumps(found, indent=1))
        return
    if not number:
        say("nobody has corrected a point yet (`vermilion review`)")
    if found:
        _print(found)
    if left_out := number - sum(row["number"] for row in found):
        say(f"{counted(left_out, 'correction')} left out: the photograph is not here any more, or is refused")


def bias_of(root: Path) -> tuple[list[dict[str, Any]], int]:
    """By point, `bias` of tasks.anthropometry.from_people.corrections; how many corrections count.

    InputError before the first run.
    """
    from tasks.anthropometry.from_people import corrections

    kept = corrections.kept(root / CORRECTIONS)
    return corrections.bias(_points(root), kept), kept.num_rows


def _points(root: Path) -> Any:
    from tasks.base import tables
    from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

    if not (root / POINTS).exists():
        raise InputError(f"{POINTS}: not there yet; run `dvc repro` first")
    return tables.read(root / POINTS, ANTHROPOMETRY_POINTS)


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table("point")
    for name in ("photo-\ngraphs", "people", "right\n%", "down\n%", "spread\n%", "off\n%", "left\n%"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = [row[name] for name in ("x", "y", "spread", "off", "left")]
        cells = ["" if one is None else f"{100 * one:.1f}" for one in numbers]
        table.add_row(row["point"].replace("_", " "), str(row["number"]), str(row["people"]), *cells)
    Console().print(table)
    say(f"{counted(sum(row['number'] for row in rows), 'correction')} counted")


@app.command()
def correct(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what was learned; keep nothing.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back the version that counts; the one before it counts.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Learn a small adjustment of the models' points from all corrections, and use it where it helps.

    Each person's photographs are judged by what the other people's corrections taught. A kind of point (both sides
    together) is moved only if that leaves it closer, on average, to where people put it. "off" is the distance without
    the adjustment, "left" with it, in per cent of the distance between the outer eye corners. In a photograph that
    somebody corrected, points that were left count as right. The version counts from the next `dvc repro` on.

    \b
    vermilion anthropometry correct --dry-run
    vermilion anthropometry correct
    vermilion anthropometry correct --undo
    """
    from tasks import params
    from tasks.anthropometry.from_people import adjustment, versions
    from tasks.params.anthropometry import AnthropometryAdjust

    root = project_root()
    file = root / CORRECTIONS / adjustment.FILE
    if undo:
        say(versions.undo(file, by=adjustment.BY))
        return
    settings = params.load(AnthropometryAdjust, "anthropometry_adjust", root / "params.yaml")
    learned, version = adjustment.version(_points(root), root / CORRECTIONS, settings=settings)
    if not dry_run:
        versions.keep(file, version)
    if as_json:
        print(json.dumps([one.record() for one in learned], indent=1))
        return
    _print_learned(learned)
    say(adjustment.words(learned, settings=settings) + ("; nothing was kept" if dry_run else ""))


@app.command()
def versions(as_json: JSON = False) -> None:
    """Every version of the adjustment, with its figures on people held out when it was made, and which one counts.

    \b
    vermilion anthropometry versions
    """
    from tasks.anthropometry.from_people import adjustment
    from tasks.anthropometry.from_people import versions as log

    every = log.read(project_root() / CORRECTIONS / adjustment.FILE, by=adjustment.BY)
    _print_versions(every, next(reversed(log.counting(every)), None), [], 100, as_json=as_json)


def _print_versions(every: list[Any], counts: Any, gone: list[Any], times: int, *, as_json: bool) -> None:
    """`times`: what figures are multiplied by; 100: they are per cent. `gone`: versions whose file is not there."""
    if as_json:
        print(json.dumps([one._asdict() | {"counts": one is counts, "gone": one in gone} for one in every], indent=1))
        return
    named = ("off\n%", "left\n%") if times > 1 else ("loss\nbefore", "loss\nafter")
    table = Table("made", "", "photo-\ngraphs", "people", *named, "")
    for one in every:
        numbers = ["" if own is None else f"{times * own:.{2 if times > 1 else 3}f}" for own in (one.before, one.after)]
        told = [one.at[:16].replace("T", " "), one.action, str(one.photographs), str(one.people), *numbers]
        table.add_row(*told, "counts" if one is counts else "gone" if one in gone else "")
    if every:
        Console().print(table)
    if gone:
        say(f"gone: the weights of {counted(len(gone), 'version')} are not there any more (a withdrawal, or deleted)")
    say("no version counts" if counts is None else f"the version made {counts.at} counts")


@app.command()
def learn(
    labels: Annotated[
        Path | None, typer.Option(help="CelebA's folder or list_attr_celeba.txt, or a CSV: path and labels.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A MobileNetV2 to start from, as torchvision saves it; none: from scratch.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the version that counts.")] = False,
    list_: Annotated[bool, typer.Option("--versions", help="Every version with its figures; trains nothing.")] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Only if it is used and enough was judged since; for nights.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Train the network that names findings beside the rules, and use it if it is no worse than what stood.

    It learns from the project's controls, labelled by the rules and by what people said on the review page, and from
    --labels. Patients' photographs never train; what people said of them judges. Pages show what it suggests where
    params.yaml has learned_findings.use: true; nights then train anew after `retrain_after` new words (--due).

    \b
    vermilion anthropometry learn --weights mobilenet_v2.pth
    vermilion anthropometry learn --labels celeba --weights mobilenet_v2.pth
    vermilion anthropometry learn --versions
    """
    from tasks.anthropometry.from_people import versions as log
    from tasks.anthropometry.learned import versioning

    root = project_root()
    file = root / versioning.FOLDER / versioning.FILE
    if undo:
        say(log.undo(file, by=versioning.BY))
        return
    if list_:
        _print_versions(*versioning.listed(root), 1, as_json=as_json)
        return
    if due:
        versioning.retrain(root, say)
        return
    made = versioning.learn(root, labels=labels, weights=weights, tell=lambda line: say(line, error=True))
    if as_json:
        figures = [asdict(one) for one in made.figures]
        print(json.dumps({"version": made.version._asdict(), "figures": figures, "refused": made.refused}, indent=1))
        return
    for line in listed_lines(made.refused, 5):
        say(line)
    _print_figures(made.figures)
    loss = ["unknown" if one is None else f"{one:.3f}" for one in (made.version.after, made.version.before)]
    start = "from ImageNet's weights" if weights else "from scratch, for no weights were named"
    say(f"learned {start}; log loss of people held out {loss[0]}, before {loss[1]}: {made.version.action}")


def _print_figures(figures: Any) -> None:
    table = Table("finding", "photo-\ngraphs", "people", "have it\n%", "log\nloss", "AUC")
    for one in figures:
        auc = "" if one.auc is None else f"{one.auc:.2f}"
        numbers = (str(one.photographs), str(one.people), f"{100 * one.share:.0f}", f"{one.loss:.3f}", auc)
        table.add_row(cell(one.label), *numbers)
    Console().print(table)


def _print_learned(learned: Any) -> None:
    table = Table("point", "photo-\ngraphs", "people", "off\n%", "left\n%", "moved")
    for one in learned:
        left = "" if one.left is None else f"{100 * one.left:.2f}"
        numbers = (str(one.photographs), str(one.people), f"{100 * one.off:.2f}", left)
        table.add_row(one.kind.replace("_", " "), *numbers, "yes" if one.used else "no")
    Console().print(table)
