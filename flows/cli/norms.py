"""`vermilion norms`: how measures are spread among people without a cleft, from any table of controls."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.outputs import output_file, table_suffix
from flows.cli.project import project_root
from flows.cli.terminal import say
from tasks.base.words import counted
from tasks.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def norms(
    controls: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help="Measures: the pipeline's (data/anthropometry/measures, data/surface/measures), whose controls are "
            "taken, or a table that `vermilion measure --table FILE.parquet` wrote of controls alone.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The norms: .parquet, for --norms; or .csv, .xlsx to read.")
    ],
) -> None:
    """Make norms from controls: mean, spread and 5th and 95th percentile of each measure, by gender and age if known.

    A person counts once, by the mean of their photographs; in a table of photographs each photograph is a person.
    """
    output_file(out, "--out")
    table_suffix(out)
    root = project_root()
    from tasks import params
    from tasks.base import sheets, tables
    from tasks.findings.norms import norms as made_of
    from tasks.params.anthropometry import AnthropometryNorms
    from tasks.schemas.norms import NORMS

    measures, people = _read(controls, root)
    least = params.load(AnthropometryNorms, "anthropometry_norms", root / "params.yaml").people
    found = made_of(measures, people=people, least=least)
    if out.suffix.lower() == ".parquet":
        tables.write(found, out, NORMS, provenance={"command": "vermilion norms"})
    else:
        sheets.write(out, found.column_names, [list(row.values()) for row in found.to_pylist()])
    rows: list[dict[str, Any]] = found.to_pylist()
    most = max((row["people"] for row in rows), default=0)
    whole = sum(row["reason"] is None and row["gender"] == row["age_group"] == "all" for row in rows)
    say(f"{counted(whole, 'measure')} of {counted(most, 'person', 'people')}: {out}")
    if not whole:
        say(f"note: no measure has norms: {least} people are needed for each (params.yaml, anthropometry_norms.people)")
    raise typer.Exit(not whole)


def _read(path: Path, root: Path) -> "tuple[pa.Table, dict[str, tuple[str | None, str | None]]]":
    """The measures of a table, and gender and age group of its people. InputError where it is no such table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tasks.base import tables
    from tasks.evaluation.norms import check_parquet
    from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES, MEASURED_PHOTOGRAPHS
    from tasks.schemas.ingest import IMAGES
    from tasks.schemas.surface import SURFACE_MEASURES

    check_parquet(path, "`vermilion measure --table FILE.parquet`")
    files = tables.parts(path) if path.exists() else []
    if not files:
        raise InputError(f"{path}: there is no table of measures; run `dvc repro`, or `vermilion measure --table`")
    if "photograph" in pq.read_schema(files[0]).names:
        photographs = tables.read(path, MEASURED_PHOTOGRAPHS)
        control = pa.array(["control"] * len(photographs))
        return photographs.append_column("subject_id", photographs["photograph"]).append_column(
            "population", control
        ), {}
    space = "visit" in pq.read_schema(files[0]).names
    found = tables.read(path, SURFACE_MEASURES if space else ANTHROPOMETRY_MEASURES)
    listed = root / "data/ingest/images"
    if not listed.exists():
        return found, {}
    known = tables.read(listed, IMAGES, ["subject_id", "gender", "age_group"]).to_pylist()
    return found, {row["subject_id"]: (row["gender"], row["age_group"]) for row in known}
