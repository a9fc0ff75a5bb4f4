"""docs/tables.md from tasks/schemas: `python docs/make_tables.py`; tests/house/test_docs.py asks whether it was run."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks import schemas
from tasks.base import tables

TARGET = Path(__file__).with_name("tables.md")
CAN_BE = ("no", "yes")
HEAD = """# The tables

Written by `python docs/make_tables.py` from `tasks/schemas`; change that file, not this one.

Every table is Parquet, one file or a folder of parts (one per bucket), checked against its schema whenever it is
written or read. `tasks.base.tables.read(path, schema)` reads either. The file's metadata say what made it
(`tasks.base.tables.provenance_of(path)`). A row that was refused keeps its key and its `reason`; what could not be
measured is null, never 0 and never NaN. Sides are the patient's own: the patient's left is the picture's right.
Points are x0, y0, x1, y1, ... of the 68 landmarks, pixel centres at whole numbers, y down.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(schema) for schema in schemas.every_schema())])


def _section(schema: tables.Schema) -> str:
    head = [f"## {schema.name}", "", f"Key: {', '.join(f'`{name}`' for name in schema.key)}."]
    head += [f"Checked as a whole: {_said(rule.__name__)}." for rule in schema.rules]
    lines = ["", "| column | type | unit | may be null | meaning | accepted |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *lines, *(_row(column) for column in schema.columns), ""])


def _row(column: tables.Column) -> str:
    null = CAN_BE[column.nullable]
    cells = [f"`{column.name}`", f"`{_type(column)}`", column.unit, null, column.meaning, _accepted(column)]
    return f"| {' | '.join(cells)} |"


def _type(column: tables.Column) -> str:
    """The type in short: a nested one without its fields' types."""
    return re.sub(r"list<\w+: struct<.*>>", "list of structs", str(column.type)).replace("list<item: ", "list<")


def _accepted(column: tables.Column) -> str:
    if column.allowed:
        return ", ".join(column.allowed)
    ends = ["" if end is None else f"{end:g}" for end in (column.low, column.high)]
    return " .. ".join(ends).strip() if any(ends) else ""


def _said(name: str) -> str:
    return name.strip("_").replace("_", " ")


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
