"""Who is told how a night went: a program, a webhook, mail. Nobody, unless params.yaml says so (nightly.tell).

In: which stages failed or did not run, and what was not sent. Out: one message by each way. It says the project, the
run, stages and counts: reasons may name people and files, so they stay on this machine. A way that fails is told to the
log, and changes nothing else. No names are looked up but those of the servers that params.yaml names.
"""

import os
import smtplib
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from flows.serving.causes import KILLED, Outcome
from flows.serving.names import impersonal
from tasks import params
from tasks.errors import InputError
from tasks.params.running import Mail, Nightly, Tell

PATIENCE = 30.0
"""Seconds that each way gets."""

WORDS = {
    "failed": "failed",
    "killed": "was killed",
    "unsent": "went well, but its result was not committed or sent",
    "done": "went well",
    "test": "is a test message; nothing happened",
}


@dataclass
class Night:
    """A night as far as it is known. `trouble`: something was not committed or sent."""

    run: str
    outcomes: Sequence[Outcome] = ()
    trouble: bool = False
    state: str = "done"

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
    except InputError as error:
        say(f"warning: nobody could be told: {error}")
        return
    if settings is not None and (settings.when == "always" or not night.well):
        send(root, settings, night, say)


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
    well = True
    for name, way in ways:
        try:
            way()
            say(f"told by {name}")
        except (
            InputError,
            OSError,
            httpx.HTTPError,
            httpx.InvalidURL,
            ValueError,
            subprocess.SubprocessError,
        ) as error:
            well = False
            say(f"warning: params.yaml: {name}: nobody was told: {_short(error)}")
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
    if not night.well and night.state != "test":
        lines.append("`vermilion status` on its machine says why and what to do")
    return "\n".join(lines)


def _run(root: Path, command: Sequence[str], text: str) -> None:
    """A program of the user's, without a shell; the message is its standard input."""
    done = subprocess.run(
        command,
        cwd=root,
        input=text + "\n",
        text=True,
        capture_output=True,
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise InputError(f"{command[0]} ended with {done.returncode}: {last}")


def _post(address: str, name: str, night: Night, text: str) -> None:
    """JSON with the message as `text`, as chat services take it, and the same in parts."""
    failed = [outcome.stage for outcome in night.outcomes if outcome.state == "Failed"]
    content = {"text": text, "project": name, "run": impersonal(night.run), "state": night.state, "failed": failed}
    url = _value(address)
    try:
        answer = httpx.post(url, json=content, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise InputError(f"{urlsplit(url).hostname}: {error or type(error).__name__}") from None
    if not answer.is_success:
        raise InputError(f"{urlsplit(url).hostname} answered {answer.status_code}")


def _mail(settings: Mail, title: str, text: str) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = title, settings.sender, ", ".join(settings.to)
    mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="vermilion.invalid")
    mail["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday answers
    mail.set_content(text + "\n")
    kind = (
        smtplib.SMTP if settings.security != "tls" else partial(smtplib.SMTP_SSL, context=ssl.create_default_context())
    )
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
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it did not end within {PATIENCE:.0f} s"
    return (str(error).splitlines() or [type(error).__name__])[0]
