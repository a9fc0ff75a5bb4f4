"""What a workbook's cell shows, as text, and what is wrong with it where that is not what was typed.

In: a cell's value, its type and number format. Out: the text that people see, as far as it is certain; else the reason
for which nobody can tell. Spreadsheet programs keep numbers, not what was typed: `1-2` is a date, 17 digits are 15,
`7` may be shown as `p007`. Knows neither rows nor columns.
"""

import datetime
import re

ANEW = "format the cells as text and type it anew"
DATE = f"a date or time, which spreadsheets make of 1-2 or 3.4; {ANEW}"
LONG = f"a number of more than 15 digits, of which spreadsheets keep only 15; {ANEW}"
ERROR = "the spreadsheet's error {}; put the formula right, or write the value"
DAMAGED = "damaged: a zero byte stands in it; type it anew, or get the file again"
NARROW = "what a spreadsheet shows in a column that is too narrow; widen the column and save again"
TRUTH = "what spreadsheets make of the words true and false; write another word, or a number"

DIGITS = 1e15
"""From here on a spreadsheet's number has more digits than it keeps."""

_ERROR = re.compile(
    r"#[\u00a1\u00bf]?[^\W\d_a-z][^\W_a-z]*(?:/[^\W_a-z]+)?[!?]|#[N\u041d]/\w{1,2}|#NV|#REF|#GETTING_DATA"
    r"|Err:\d{3}|#{3,}"
)
"""What spreadsheets write where a formula failed (`#N/A`, `#BEZUG!`, `Err:502`) or a column is too narrow (`####`), in
any language, also into CSV files."""

_LEFT = re.compile(r"\[\$-[^\]]*\]|\[[^$\]][^\]]*\]|_.|\*.")
"""Of a number format what shows nothing: language, colour and condition, widths, fillings."""

_PLAIN = re.compile(r"(?:General|[0#?.,/E+() @-])*", re.IGNORECASE)
"""A number format that shows digits, and marks between them, alone."""


def broken(text: str) -> str | None:
    """What is wrong with a cell in which a formula failed, or that is damaged; None for other cells."""
    if "\0" in text:
        return DAMAGED
    if not _ERROR.fullmatch(text):
        return None
    return NARROW if set(text) == {"#"} else ERROR.format(text)


def cell_text(value: object, kind: str, number_format: str) -> tuple[str, str | None]:
    """The text of a cell that holds something, and what is wrong with it. `kind`: `e` for an error."""
    if isinstance(value, bool):
        return str(value).upper(), TRUTH
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value).removesuffix(" 00:00:00"), DATE
    if isinstance(value, int | float):
        return _number(value, _part(number_format, value))
    text = str(value).strip()
    return text, (ERROR.format(text) if kind == "e" else None)


def _part(number_format: str, value: float) -> str:
    """The part of a number format that shows this number: the parts are of positive ones, negative ones, and zero."""
    parts = number_format.split(";")
    place = 1 if value < 0 else 2 if value == 0 else 0
    return parts[place] if place < len(parts) else parts[0]


def _number(value: float, said: str) -> tuple[str, str | None]:
    """A number's text. `said`: the part of its format that shows it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < DIGITS:
        value = int(value)
    text = str(value) if isinstance(value, int) else format(value, ".15g")
    if abs(value) >= DIGITS:
        return f"{value:.0f}" if abs(value) < 1e40 else text, LONG
    left = _LEFT.sub("", said)
    if not left:
        return text, f"not shown at all, by its number format; {ANEW}"
    if "%" in re.sub(r'"[^"]*"|\\.', "", left):
        return f"{value * 100:.15g}%", "a percentage; write the number without %"
    if isinstance(value, int) and re.fullmatch("0+", left):
        return f"{value:0{len(left)}d}", None  # 7 shown as 007
    if not _PLAIN.fullmatch(left) or re.search(r"0[-/ ]0|[0#?],+$", left):
        return text, f"shown as something else, by its number format {said}; {ANEW}"
    return text, None
