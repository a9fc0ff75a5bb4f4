"""Who is told how a night went: a program, a webhook, mail. Nobody, unless params.yaml says so (nightly.tell).

In: which stages failed or did not run, and what was not sent. Out: one message by each way. It says the project, the
run, stages and counts: reasons may name people and files, so they stay on this machine. A way that fails is told to the
log, and changes nothing else. No names are looked up but those of the servers that params.yaml names.
"""

import os
import smtplib
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import httpx

from flows.serving.causes import KILLED, Outcome
from flows.serving.names import impersonal
from tasks import params
from tasks.base.programs import last_words, run_within
from tasks.errors import InputError
from tasks.params.running import Mail, Nightly, Tell

PATIENCE = 30.0
"""Seconds that all ways together get."""

MARGIN = 3.0
"""Seconds more, in which a program that is stopped can end."""

LINES = 500
"""Lines that a mail server may say."""

WORDS = {
    "failed": "failed",
    "killed": "was killed",
    "unsent": "went well, but its result was not committed or sent",
    "done": "went well",
    "test": "is a test message; nothing happened",
}


@dataclass
class Night:
    """A night as far as it is known. `trouble`: something was not committed or sent; `began`: stages were looked at."""

    run: str
    outcomes: Sequence[Outcome] = ()
    trouble: bool = False
    state: str = "done"
    began: bool = False

    @property
    def well(self) -> bool:
        """Whether there is nothing to do about it."""
        return self.state == "done"


@contextmanager
def told(root: Path, night: Night, say: Callable[[str], None]) -> Iterator[Night]:
    """A night, told at its end as params.yaml says. What is stopped at a terminal is not told."""
    try:
        yield night
    except Exception:
        night.state = "failed"
        tell_of(root, night, say)
        raise
    night.state = "unsent" if night.trouble else "done"
    tell_of(root, night, say)


def tell_of(root: Path, night: Night, say: Callable[[str], None]) -> None:
    """Tell of the night, if params.yaml names somebody for that. Never fails."""
    try:
        settings = params.load(Nightly, "nightly", root / "params.yaml").tell
        if settings is not None and (settings.when == "always" or not night.well):
            send(root, settings, night, say)
    except Exception as error:  # whatever it is, it is a line in the log and no more
        say(f"warning: nobody could be told: {_short(error)}")


def send(root: Path, settings: Tell, night: Night, say: Callable[[str], None]) -> bool:
    """The message by every way that the settings name; whether all took it."""
    ways: list[tuple[str, Callable[[], None]]] = []
    text, title = message(settings.name, night), headline(settings.name, night)
    if settings.command is not None:
        command = settings.command
        ways.append(("nightly.tell.command", lambda: _run(root, command, text)))
    if settings.webhook is not None:
        address = settings.webhook
        ways.append(("nightly.tell.webhook", lambda: _post(address, settings.name, night, text)))
    if settings.mail is not None:
        mail = settings.mail
        ways.append(("nightly.tell.mail", lambda: _mail(mail, title, text)))
    return _all_within(PATIENCE, ways, say)


def _all_within(limit: float, ways: Sequence[tuple[str, Callable[[], None]]], say: Callable[[str], None]) -> bool:
    """Go all ways at once; a line about each. Who does not answer in time is left behind, whatever it still sends."""
    results: dict[str, str] = {}

    def go(name: str, way: Callable[[], None]) -> None:
        try:
            way()
        except Exception as error:  # whatever it is, it is a line in the log and no more
            results[name] = _short(error)
        else:
            results[name] = ""

    threads = [Thread(target=go, args=way, daemon=True) for way in ways]
    until = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until + MARGIN - time.monotonic()))
    well = True
    for name, _ in ways:
        why = results.get(name, f"it did not end within {limit:.0f} s")
        well = well and not why
        say(f"warning: params.yaml: {name}: nobody was told: {why}" if why else f"told by {name}")
    return well


def headline(name: str, night: Night) -> str:
    """The message's first line, and a mail's subject."""
    if night.state == "test":
        return f"{name}: this {WORDS['test']}"
    return f"{name}: {impersonal(night.run)} {WORDS[night.state]}"


def message(name: str, night: Night) -> str:
    """What is told: no reason in free words, no name of a person or a file."""
    lines = [headline(name, night)]
    for outcome in (outcome for outcome in night.outcomes if outcome.state == "Failed"):
        killed = KILLED.search(outcome.said)
        lines.append(f"{outcome.stage} {killed[0] if killed else 'stopped with a reason'}")
    blocked = sum(outcome.state == "Blocked" for outcome in night.outcomes)
    if blocked:
        lines.append(f"stages that did not run because of that: {blocked}")
    if night.state == "failed" and not night.began and not night.outcomes:
        lines.append("no stage was begun")
    if not night.well and night.state != "test":
        lines.append("`vermilion status` on its machine says why and what to do")
    return "\n".join(lines)


def _run(root: Path, command: Sequence[str], text: str) -> None:
    """A program of the user's, without a shell; the message is its standard input."""
    done = run_within(PATIENCE, command, root, text=text + "\n")
    if done.code:
        raise InputError(f"{command[0]} ended with {done.code}: {last_words(done.err, done.out) or 'it said nothing'}")


def _post(address: str, name: str, night: Night, text: str) -> None:
    """JSON with the message as `text`, as chat services take it, and the same in parts."""
    failed = [outcome.stage for outcome in night.outcomes if outcome.state == "Failed"]
    content = {"text": text, "project": name, "run": impersonal(night.run), "state": night.state, "failed": failed}
    url = _address(_value(address))
    with httpx.stream("POST", url, json=content, timeout=PATIENCE) as answer:  # its body is not read
        if not answer.is_success:
            raise InputError(f"the server answered {answer.status_code}")


def _address(text: str) -> httpx.URL:
    """InputError that says nothing of the text where it is no address: it may hold a password."""
    with suppress(httpx.InvalidURL):
        url = httpx.URL(text)
        if url.scheme in ("http", "https") and url.host:
            return url
    raise InputError("this is no address; write https://..., and `/`, `#`, `?` in a password as %2F, %23, %3F")


class _Lines:
    """What a mail server says, line by line, up to a number of lines: smtplib would read and keep them for ever."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.left, self.close = stream, LINES, stream.close

    def readline(self, size: int) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("the mail server's answer does not end")
        return self.stream.readline(size)


class _Plain(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock.makefile("rb"))
        return super().getreply()


class _Secret(_Plain, smtplib.SMTP_SSL):
    """The same, by TLS from the first byte on."""


def _mail(settings: Mail, title: str, text: str) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = title, settings.sender, ", ".join(settings.to)
    mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="vermilion.invalid")
    mail["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday answers
    mail.set_content(text + "\n")
    kind = _Plain if settings.security != "tls" else partial(_Secret, context=ssl.create_default_context())
    # Without `local_hostname` this machine's own name would be looked up on the network.
    with kind(settings.server, settings.port, local_hostname="localhost", timeout=PATIENCE) as server:
        if settings.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.user is not None and settings.password is not None:
            server.login(settings.user, _value(settings.password))
        server.send_message(mail)


def _value(setting: str) -> str:
    """The setting, or what the environment variable that it names holds."""
    if not setting.startswith("$"):
        return setting
    if not (value := os.environ.get(setting[1:])):
        raise InputError(f"the environment variable {setting[1:]} is not set")
    return value


def _short(error: Exception) -> str:
    """An error in a line, without what a server may have repeated of ours."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the mail server refuses the recipients ({len(error.recipients)})"
    if isinstance(error, ssl.SSLCertVerificationError):
        trust = "SSL_CERT_FILE names a file with the one to trust"
        return f"the server's certificate is not trusted: {error.verify_message}; {trust}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it did not end within {PATIENCE:.0f} s"
    return last_words(*str(error).splitlines()) or type(error).__name__
