"""Where data lie, how work is shared out and when: the blocks that change no result."""

import re
import unicodedata
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, RootModel, StrictBool, model_validator

from tasks.params import Block


def _written(value: object) -> object:
    """The folder as it stands in params.yaml, where it means the same to DVC and to us; else ValueError says why."""
    text = str(value) if isinstance(value, str | Path) else ""
    if not text.strip():
        raise ValueError("write the folder's name as text, relative to the project or absolute")
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") for letter in text):
        raise ValueError(f"{text!r} has a line break or a control character in it; rename the folder")
    if "://" in text:
        raise ValueError(f"{text!r} is an address; copy the data to a folder of this machine and name that")
    if text.startswith("~"):
        raise ValueError(f"{text!r}: `~` is not replaced here; write the whole path, or ./{text}")
    if "${" in text:
        raise ValueError(f"{text!r} has `${{` in it, which DVC takes for a name of its own; rename the folder")
    return value


Folder = Annotated[Path, BeforeValidator(_written)]
"""A folder that a user named. Blanks, umlauts, quotes, dashes and `$` are fine: no shell ever sees it."""


class Data(Block):
    """Where raw data lie, relative to the project or absolute: the only paths outside dvc.yaml."""

    raw: Folder = Field(description="folder laid out as docs/raw-layout.md says; never written to")
    added: Folder = Field(description="folder of the batches that `vermilion ratings add` brought, inside the project")


class Runtime(Block):
    """How work is cut and shared out; none of it changes a result."""

    workers: int = Field(ge=1, description="processes that a stage may use")
    stages: int = Field(ge=1, le=64, description="stages that `vermilion rebuild` runs at the same time")
    buckets: int = Field(ge=1, le=4096, description="parts that an item-wise table is cut into")
    runner: Literal["threads", "dask", "ray"] = Field(description="what computes missing buckets of a tracked run")
    cluster: str | None = Field(description="address of the Dask or Ray cluster; null starts one on this machine")
    shared_store: str | None = Field(description="folder or fsspec URL of a store shared by machines; null: none")
    cards: int | None = Field(ge=0, description="GPUs that may be used; null: as many as there are")


def _environment(value: str) -> str:
    """The name of an environment variable, with its `$`; else ValueError says why."""
    if not re.fullmatch(r"\$[A-Za-z_]\w*", value):
        raise ValueError("write the name of an environment variable, such as $SMTP_PASSWORD: git keeps params.yaml")
    return value


def _webhook(value: str) -> str:
    """An http address, or the name of an environment variable that holds it; else ValueError says why."""
    if not value.startswith("$"):
        if not (re.fullmatch(r"https?://[^\s/]+\S*", value) and _has_port(value)):
            raise ValueError("this is no address; write https://..., or $NAME of an environment variable with it")
        return value
    return _environment(value)


def _has_port(address: str) -> bool:
    """Whether a port, if there is one, is a number."""
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


def _mailbox(value: str) -> str:
    """A bare mail address; else ValueError says why."""
    if not re.fullmatch(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+", value):
        raise ValueError(f"{value!r} is no bare mail address, such as operator@example.org")
    try:
        Address(addr_spec=value)
    except Exception as error:  # the parser fails in its own ways, too: AttributeError for `a@[x`
        raise ValueError(f"{value!r} is no mail address, such as operator@example.org") from error
    return value


Secret = Annotated[str, AfterValidator(_environment)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]


class Mail(Block):
    """Mail by a server that takes it (SMTP)."""

    server: str = Field(min_length=1, pattern=r"^\S+$", description="the mail server's name")
    port: int = Field(ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none")
    security: Literal["starttls", "tls", "none"] = Field(description="how the connection is made secret")
    user: str | None = Field(description="who logs in; null: nobody does")
    password: Secret | None = Field(description="the environment variable that holds the password: $SMTP_PASSWORD")
    sender: Mailbox = Field(description="whom the mail comes from")
    to: list[Mailbox] = Field(min_length=1, description="whom it goes to")

    @model_validator(mode="after")
    def _together(self) -> "Mail":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together: name both, or null for both")
        if self.user and self.security == "none":
            raise ValueError("a password would cross the network for all to read: security: starttls, or tls")
        return self


class Tell(Block):
    """Who is told how a night went: by one way or several. The message has no names of people and of files."""

    when: Literal["failure", "always"] = Field(description="failure: also what was not committed or sent")
    name: str = Field(min_length=1, max_length=60, description="what messages call this project; no person's name")
    command: list[str] | None = Field(
        min_length=1, description="a program and its arguments; gets the message as input"
    )
    webhook: Annotated[str, AfterValidator(_webhook)] | None = Field(description="address that takes JSON by POST")
    mail: Mail | None = Field(description="mail by SMTP")

    @model_validator(mode="after")
    def _somebody(self) -> "Tell":
        if self.command is None and self.webhook is None and self.mail is None:
            raise ValueError("command, webhook and mail are all null, so nobody is told; name one, or `tell: null`")
        return self


class Nightly(Block):
    """When everything is rebuilt, and what is done with a result that changed."""

    cron: str = Field(description="five fields, in the time of this machine")
    commit: bool = Field(description="commit dvc.lock and the headline metrics after a success")
    push: bool = Field(description="`dvc push`, then `git push` to the branch's remote, after a success")
    before: tuple[str, ...] = Field(
        description="commands of `vermilion` that come first; one that fails stops no night"
    )
    tell: Tell | None = Field(description="who is told how a night went; null: nobody")


class Systems(RootModel[dict[str, StrictBool]]):
    """Which systems are on, by name. A system that is off makes no tables, and its chapter says so."""

    model_config = ConfigDict(frozen=True)

    def off(self, name: str) -> str | None:
        """Why a system makes nothing, in a sentence; None where it is on."""
        return None if self.root.get(name, True) else f"{name} is off; write {name}: true under systems in params.yaml"
