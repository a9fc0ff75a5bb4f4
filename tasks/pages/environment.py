"""What all pages share: the template environment, numbers as words, pictures as data.

In: values. Out: a Jinja2 environment that escapes everything it is given, whose pages need no other file.
Knows nothing of what stands on a page.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.base.escaping import visible
from tasks.base.words import counted

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Picture:
    """A figure: PNG bytes, what it shows in one or two sentences, and a text for those who do not see it."""

    png: bytes
    caption: str
    alt: str


def environment(names: Mapping[str, str] | None = None) -> Environment:
    """Templates by their path below `tasks/`; every value is escaped, an unknown name is an error.

    `names`: readable names, for the filter `called`.
    """
    templates = FileSystemLoader(HERE.parent)
    env = Environment(
        loader=templates,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    env.filters.update(share=share, number=number, count=count, data=data_url, sentence=sentence, counted=_counted)
    env.filters["called"] = partial(called, names=names or {})
    env.globals["style"] = Markup((HERE / "style.css").read_text(encoding="utf-8"))  # noqa: S704 (our own file)
    script = (HERE / "page.js").read_text(encoding="utf-8")
    env.globals["script"] = Markup(script)  # noqa: S704 (our own file)
    env.globals["script_digest"] = "sha256-" + base64.b64encode(sha256(script.encode()).digest()).decode("ascii")
    env.globals["list"] = list
    return env


def _shown(value: Any) -> Any:
    """A value as a page shows it: of text, what cannot be seen is written out; our own markup stays."""
    return visible(value, keep="\t\n") if isinstance(value, str) and not isinstance(value, Markup) else value


def called(name: str, names: Mapping[str, str]) -> str:
    """The readable name of a strategy, method or measure, of `names`; else the name without its underscores."""
    return names.get(name, name.replace("_", " "))


def share(value: float | None) -> str:
    """A share in [0, 1] as per cent, one digit; a dash for null."""
    return number(None if value is None else 100 * value, 1)


def number(value: float | None, digits: int = 2) -> str:
    """A number with `digits` decimals and a real minus sign, never "-0.00"; a dash for null."""
    if value is None:
        return "\u2013"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not float(text) else text.replace("-", "\u2212")


def span(found: Mapping[str, Any], *, percent: bool = False) -> str:
    """An estimate's interval in words, or why there is none."""
    if found["low"] is None:
        return str(found["reason"])
    low, high = (share(found[end]) if percent else number(found[end]) for end in ("low", "high"))
    return f"interval {low} to {high}"


def count(value: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u2009")


def _counted(value: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{count(value)} {counted(value, one, many).partition(' ')[2]}"


def sentence(text: str) -> str:
    """The text with a capital first and a full stop last."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def data_url(picture: bytes) -> str:
    """A PNG or JPEG as a data: address, so that the page needs no other file."""
    kind = "jpeg" if picture[:2] == b"\xff\xd8" else "png"
    return f"data:image/{kind};base64," + base64.b64encode(picture).decode("ascii")


def settings_text(value: Any) -> str:
    """A parameter's value on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {settings_text(own)}" for key, own in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(settings_text(own) for own in value)
    return str(value)
