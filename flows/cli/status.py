"""`vermilion status`: is what I see current, what ran, what failed last and why, what waits."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flows.cli.project import JSON, project_root
from flows.cli.terminal import say
from flows.running.address import recorded
from flows.running.logbook import Entry, units
from flows.running.waiting import Waiting, waiting
from tasks.base.words import counted, listed, listed_lines

if TYPE_CHECKING:
    from flows.repository.currency import Change, Currency

WIDTH, MARGIN = 80, 13
RUNS = 5
"""Runs that are shown."""
SHOWN = 6
"""Changes, and batches, that are shown."""
REPORT = Path("data/reports/index.html")
RATINGS = Path("data/ingest/ratings.parquet")
"""What reads the stewards' batches last writes this."""
KINDS = {
    "data": "changed data",
    "parameter": "changed parameters",
    "code": "changed code",
    "missing": "not here",
    "result": "changed results",
    "unknown": "never run here, or forgotten (a withdrawal does that)",
}


@dataclass(frozen=True)
class Status:
    """Everything that the command tells. `waiting`: None where nobody serves the project."""

    currency: "Currency"
    computed: datetime | None
    runs: Sequence[Entry]
    failed: Entry | None
    waiting: Sequence[Waiting] | None
    batches: Sequence[dict[str, Any]]
    url: str | None

    @property
    def well(self) -> bool:
        """Whether everything is current and the last run went well."""
        return self.currency.current and (not self.runs or self.runs[-1].well)


def status(as_json: JSON = False) -> None:
    """Is what I see current? What ran and when, what failed last and why, what waits.

    "Current" means: the report and the numbers were computed from the
    photographs, the ratings, params.yaml and the code as they are now.
    If not, it says what changed and which stages would run again.
    It changes nothing, takes a second or two, and needs no server.

    \b
    vermilion status
    vermilion status --json
    vermilion rebuild        # brings everything up to date
    vermilion check          # what is wrong or missing before a run
    vermilion runs           # the same runs in the browser, with their logs

    Exit code 0: all is current, and the last run went well; 1: not so.
    """
    found = look(project_root())
    if as_json:
        print(json.dumps(record(found), indent=1))
    else:
        say("\n".join(lines(found)))
    raise typer.Exit(0 if found.well else 1)


def look(root: Path) -> Status:
    """The project as it stands."""
    from flows.repository.currency import currency  # imports DVC
    from flows.stewards.batches.history import not_evaluated
    from tasks import params
    from tasks.params.running import Data

    now, changed = currency(root), False
    with suppress(params.ParamsError):  # then `now` says that DVC cannot read the project, either
        added = str(params.load(Data, "data", root / "params.yaml").added)
        changed = any(change.kind == "data" and change.name == added for change in now.changes)
    every = units(root)
    bad = [entry for entry in every if not entry.well]
    report, served = root / REPORT, recorded()
    return Status(
        currency=now,
        computed=datetime.fromtimestamp(report.stat().st_mtime).astimezone() if report.exists() else None,
        runs=every[-RUNS:],
        failed=bad[-1] if bad else None,
        waiting=waiting(root),
        batches=not_evaluated(root, root / RATINGS) if changed else [],
        url=served.ui_url if served and served.alive else None,
    )


def record(found: Status) -> dict[str, Any]:
    """The same for programs."""
    return {
        "current": found.currency.current,
        "current_but_for_networks": found.currency.but_networks,
        "computed": found.computed.isoformat() if found.computed else None,
        "unknown": found.currency.unknown,
        "changes": [asdict(change) for change in found.currency.changes],
        "stale": list(found.currency.stale),
        "runs": [_entry(entry) for entry in found.runs],
        "failed": _entry(found.failed) if found.failed else None,
        "served": found.url,
        "waiting": None
        if found.waiting is None
        else [asdict(run) | {"due": run.due.isoformat()} for run in found.waiting],
        "batches": list(found.batches),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    times = {"began": entry.began.isoformat(), "ended": entry.ended.isoformat() if entry.ended else None}
    return {"name": entry.name, "state": entry.state, "said": entry.said} | times


def lines(found: Status) -> Iterator[str]:
    """What is current, what ran, what failed, what waits; 80 columns at most."""
    yield from _row("results", _results(found))
    yield from _row(
        "runs", [_ran(entry) for entry in reversed(found.runs)] or ["none in the logbook yet (.prefect/runs.jsonl)"]
    )
    if found.failed:
        yield from _row("failed last", _failed(found.failed, found.runs[-1]))
    yield from _row("waiting", _waits(found))


def _row(head: str, said: Sequence[str]) -> Iterator[str]:
    """A heading and its lines; a line that is too long goes on below, further in."""
    margin = " " * MARGIN
    for number, line in enumerate(said):
        first = f"{head:{MARGIN}}" if number == 0 else margin
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=first,
            subsequent_indent=f"{margin}  ",
            break_on_hyphens=False,
        ) or [first.rstrip()]


def _results(found: Status) -> list[str]:
    when = f"computed {_time(found.computed)}" if found.computed else "no report yet"
    now = found.currency
    if now.unknown:
        return [f"not known whether current ({when}): {now.unknown}", "`vermilion check` says more"]
    if now.current:
        return [f"current: of the present data, numbers and code ({_time(found.computed)})"]
    told = [
        f"current but for networks, which are of an earlier run ({when})"
        if now.but_networks
        else f"NOT current ({when})"
    ]
    for kind, words in KINDS.items():
        names = [_differing(change) for change in now.changes if change.kind == kind]
        if names:
            told.append(f"{words}: {listed(names, SHOWN)}")
    systems = Counter(stage.partition("_")[0] for stage in now.stale)
    told.append(f"stale stages: {', '.join(f'{name} {number}' for name, number in systems.items())}")
    return [
        *told,
        "`vermilion rebuild` trains them, too" if now.but_networks else "`vermilion rebuild` brings them up to date",
    ]


def _differing(change: "Change") -> str:
    """What differs, under a heading that says that it does: a number with its values."""
    return change.name if change.how == "changed" or change.kind in ("missing", "unknown") else str(change)


def _ran(entry: Entry) -> str:
    words = {"running": "is running", "done": "went well", "failed": "FAILED", "killed": "was KILLED"}
    seconds = (entry.ended - entry.began).total_seconds() if entry.ended else -1.0
    after = f" after {_span(seconds)}" if seconds >= 0 else ""  # less where somebody set the clock
    said = f": {entry.said}" if entry.state == "done" and entry.said else ""
    return f"{_time(entry.began)}  {entry.name}  {words.get(entry.state, 'was stopped')}{after}{said}"


def _failed(failed: Entry, last: Entry) -> list[str]:
    """Which run and when; why, in two lines at most; what to do."""
    since = "; since then a run went well" if last.state == "done" else ""
    cause, *advice = failed.said.splitlines() or [""]
    why = textwrap.wrap(cause, WIDTH - MARGIN, max_lines=2, placeholder=" ...", break_on_hyphens=False)
    return [f"{_time(failed.began)}  {failed.name}{since}", *why, *advice[:1]]


def _waits(found: Status) -> list[str]:
    nouns = {"photographs": "photograph", "ratings": "rating", "corrections": "corrected score"}
    batches = []
    for row in found.batches:
        parts = [counted(row[kind], noun) for kind, noun in nouns.items() if row[kind]] or [
            "nothing is left of it" if row["empty"] else "references"
        ]
        batches.append(f"not evaluated yet: batch {row['batch']}, {', '.join(parts)}")
    told = listed_lines(batches, SHOWN, "batch", "batches")
    if found.waiting is None:
        return [*told, "nobody serves this project, so no night runs (`vermilion serve`)"]
    told += [f"{_time(run.due)}  {run.name}: {_state(run)}" for run in found.waiting]
    return [*told, f"served at {found.url} (`vermilion runs` opens it)"] if found.url else told


def _state(run: Waiting) -> str:
    return {"Scheduled": "waits for its time", "Late": "waits for the run before it"}.get(run.state, run.state.lower())


def _time(when: datetime | None) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M}" if when else ""


def _span(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 1 else f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.1f} h"  # noqa: PLR2004
