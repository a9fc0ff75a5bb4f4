"""The one sheet of a workbook, as tests write and read it."""

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet


def active(workbook: Workbook) -> Worksheet:
    """The sheet that a spreadsheet program would show."""
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    return sheet
