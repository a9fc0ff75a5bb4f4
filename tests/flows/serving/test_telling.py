"""Who is told how a night went: a real program, a real HTTP server and a real SMTP server on loopback."""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import PROJECT
from flows.cli import check
from flows.running.inspection import telling
from flows.serving import telling as tellers
from flows.serving.causes import Outcome
from flows.serving.telling import Night, told
from tasks.errors import InputError
from tasks.params.problems import problems
from tests.server import free_port

OUTCOMES = [
    Outcome("ingest_images", "Ran", 1.0, "p071.jpg read"),
    Outcome("ingest_lips", "Failed", 1.0, "anna_smith/p071.jpg: cannot be read; ask surgeon_a"),
    Outcome("symmetry_train@clp", "Failed", 1.0, "killed (exit code 137)"),
    Outcome("evaluate", "Blocked", 0.0, "a stage above it failed"),
]
SAID = """Lip study: night 2026-11-29 failed
ingest_lips stopped with a reason
symmetry_train@clp killed (exit code 137)
stages that did not run because of that: 1
`vermilion status` on its machine says why and what to do"""
TELL: dict[str, Any] = {"when": "failure", "name": "Lip study", "command": None, "webhook": None, "mail": None}
MAIL: dict[str, Any] = {
    "server": "127.0.0.1",
    "security": "none",
    "user": None,
    "password": None,
    "sender": "vermilion@example.org",
    "to": ["operator@example.org", "second@example.org"],
}
KEEP = "import pathlib, sys; pathlib.Path('told').write_text(sys.stdin.read())"


def settled(root: Path, **tell: Any) -> Path:
    """The repository's params.yaml in the folder, with this `nightly.tell`."""
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    numbers["nightly"]["tell"] = TELL | tell
    (root / "params.yaml").write_text(yaml.safe_dump(numbers))
    return root


def fail(root: Path, night: Night | None = None) -> list[str]:
    """A night fails; what its log says of the telling. The night's own error goes on."""
    said: list[str] = []
    night = night or Night("night 2026-11-29", OUTCOMES)
    with pytest.raises(InputError, match="the night's own"), told(root, night, said.append):
        raise InputError("the night's own error, of p071.jpg")
    return said


class Listener(HTTPServer):
    """Takes what is posted; answers with `code`."""

    code = 204

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Listener)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, json.loads(content)))
        self.send_response(self.server.code)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Listening:
    """Something that `serve`s whoever connects first to a port of its own, in a thread."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        raise NotImplementedError


class Mailbox(Listening):
    """An SMTP server for one mail: it speaks just enough of RFC 5321, and refuses recipients when told to."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.refuse = refuse
        self.commands: list[str] = []
        self.mail: Message | None = None
        super().__init__()

    def serve(self) -> None:
        connection, _ = self.listening.accept()
        with connection, connection.makefile("rwb") as stream:

            def answer(line: str) -> None:
                stream.write(f"{line}\r\n".encode())
                stream.flush()

            answer("220 mailbox")
            while line := stream.readline():
                self.commands.append(command := line.decode().strip())
                if command.upper() == "DATA":
                    answer("354 go on")
                    lines = iter(stream.readline, b".\r\n")
                    self.mail = message_from_bytes(b"".join(lines))
                    answer("250 taken")
                elif command.upper().startswith("RCPT") and self.refuse:
                    answer("550 no such mailbox: p071.jpg")
                elif command.upper() == "QUIT":
                    answer("221 bye")
                    return
                else:
                    answer("250 fine")

    def close(self) -> None:
        self.thread.join(10)
        self.listening.close()


def test_nobody_is_told_unless_params_say_so(tmp_path: Path) -> None:
    settled(tmp_path)
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    assert numbers["nightly"]["tell"] is None
    assert numbers["nightly"]["push"] is False
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(numbers))
    assert fail(tmp_path) == []


def test_a_night_that_could_not_begin_says_so(tmp_path: Path) -> None:
    settled(tmp_path, command=[sys.executable, "-c", KEEP])
    fail(tmp_path, Night("night 2026-11-29"))
    assert (tmp_path / "told").read_text().splitlines()[:2] == [
        "Lip study: night 2026-11-29 failed",
        "no stage was begun",
    ]
    fail(tmp_path, Night("night 2026-11-29", began=True))
    assert "no stage" not in (tmp_path / "told").read_text()


def test_a_program_gets_the_message_without_a_shell(tmp_path: Path) -> None:
    settled(tmp_path, command=[sys.executable, "-c", KEEP, "$(touch${IFS}X)", "; touch X"])
    assert fail(tmp_path) == ["told by nightly.tell.command"]
    assert (tmp_path / "told").read_text() == SAID + "\n"
    assert not (tmp_path / "X").exists()


def test_a_webhook_gets_it_as_text_and_in_parts(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{listener.server_port}/secret")
    settled(tmp_path, webhook="$HOOK")
    assert fail(tmp_path) == ["told by nightly.tell.webhook"]
    [(path, said)] = listener.heard
    assert path == "/secret"
    assert said == {
        "text": SAID,
        "project": "Lip study",
        "run": "night 2026-11-29",
        "state": "failed",
        "failed": ["ingest_lips", "symmetry_train@clp"],
    }


def test_mail_comes_from_and_to_whom_params_name(tmp_path: Path) -> None:
    mailbox = Mailbox()
    settled(tmp_path, mail=MAIL | {"port": mailbox.port})
    assert fail(tmp_path) == ["told by nightly.tell.mail"]
    mailbox.close()
    assert mailbox.mail is not None
    assert mailbox.mail["Subject"] == "Lip study: night 2026-11-29 failed"
    assert mailbox.mail["To"] == "operator@example.org, second@example.org"
    assert mailbox.mail["Auto-Submitted"] == "auto-generated"
    assert mailbox.mail.get_payload().strip().replace("\r\n", "\n") == SAID  # type: ignore[union-attr]
    assert mailbox.commands[0] == "ehlo localhost"  # not this machine's name
    assert [line for line in mailbox.commands if line.startswith("rcpt")] == [
        "rcpt TO:<operator@example.org>",
        "rcpt TO:<second@example.org>",
    ]


def test_no_name_of_a_person_or_a_file_is_told() -> None:
    said = tellers.message("Lip study", Night("Anna's photographs", OUTCOMES, state="failed"))
    assert not any(name in said for name in ("anna", "Anna", "p071", "surgeon"))
    assert said.startswith("Lip study: run of 20")


@pytest.mark.parametrize(
    ("when", "trouble", "state"),
    [("failure", False, None), ("failure", True, "unsent"), ("always", False, "done"), ("always", True, "unsent")],
)
def test_a_night_that_went_well_is_told_where_that_is_asked_for(
    tmp_path: Path, listener: Listener, when: str, trouble: bool, state: str | None
) -> None:
    settled(tmp_path, when=when, webhook=f"http://127.0.0.1:{listener.server_port}/")
    with told(tmp_path, Night("night 2026-11-29"), print) as night:
        night.trouble = trouble
    assert [said["state"] for _, said in listener.heard] == ([state] if state else [])


def test_a_way_that_fails_changes_nothing_and_the_log_says_so(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener.code = 500
    mailbox = Mailbox(refuse=True)
    program = [sys.executable, "-c", "import sys; sys.exit('the pager is off')"]
    hook = f"http://127.0.0.1:{listener.server_port}/secret"
    settled(tmp_path, command=program, webhook=hook, mail=MAIL | {"port": mailbox.port})
    said = fail(tmp_path)
    mailbox.close()
    assert said == [
        f"warning: params.yaml: nightly.tell.command: nobody was told: {sys.executable} ended with 1: the pager is off",
        "warning: params.yaml: nightly.tell.webhook: nobody was told: the server answered 500",
        "warning: params.yaml: nightly.tell.mail: nobody was told: the mail server refuses the recipients (2)",
    ]
    monkeypatch.delenv("HOOK", raising=False)
    settled(tmp_path, command=["/no/such/program"], webhook="$HOOK", mail=MAIL | {"port": free_port()})
    said = fail(tmp_path)
    assert "No such file or directory" in said[0]
    assert said[1].endswith("the environment variable HOOK is not set")
    assert "Connection refused" in said[2]
    monkeypatch.setattr(tellers, "PATIENCE", 0.2)
    settled(tmp_path, command=[sys.executable, "-c", "import time; time.sleep(60)"])
    assert "it did not end within" in fail(tmp_path)[0]
    (tmp_path / "params.yaml").write_text("nightly: 3")
    assert fail(tmp_path)[0].startswith("warning: nobody could be told: ")


class Dripping(Listening):
    """A server that says this again and again, and never ends."""

    def __init__(self, said: bytes, pause: float) -> None:
        self.said, self.pause, self.on = said, pause, True
        super().__init__()

    def serve(self) -> None:
        connection, _ = self.listening.accept()
        with connection, suppress(OSError):
            while self.on:
                connection.sendall(self.said)
                time.sleep(self.pause)

    def close(self) -> None:
        self.on = False
        self.thread.join(10)
        self.listening.close()


@pytest.mark.parametrize("said", [b"H", b"220-hi\r\n", b"220"])
def test_who_never_ends_an_answer_does_not_hold_the_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(tellers, "PATIENCE", 0.5)
    monkeypatch.setattr(tellers, "MARGIN", 0.1)
    web, mail = Dripping(said, 0.05), Dripping(said, 0.05)
    settled(tmp_path, webhook=f"http://127.0.0.1:{web.port}/", mail=MAIL | {"port": mail.port})
    began = time.monotonic()
    found = fail(tmp_path)
    assert time.monotonic() - began < 5
    assert len(found) == 2
    assert all("nobody was told" in line for line in found)
    web.close()
    mail.close()


def test_a_mail_server_cannot_fill_the_memory(tmp_path: Path) -> None:
    mail = Dripping(b"220-hi\r\n" * 1000, 0)
    settled(tmp_path, mail=MAIL | {"port": mail.port})
    assert "the mail server's answer does not end" in fail(tmp_path)[0]
    mail.close()


def test_a_bad_address_shows_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(tmp_path, webhook="$HOOK")
    for address in (
        "https://user:pa/ss@host/x",
        "https://user:9/ss@host/x",
        "https://us\x01er/pa",
        "user:pa@host",
        "pa",
    ):
        monkeypatch.setenv("HOOK", address)
        (line,) = fail(tmp_path)
        assert "nobody was told" in line
        assert not any(word in line for word in ("user", "'pa'", "ss@", "host/"))


def test_whatever_goes_wrong_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(tmp_path, command=["true"])
    monkeypatch.setattr(tellers, "_run", lambda *_: next(iter(())))
    assert fail(tmp_path) == ["warning: params.yaml: nightly.tell.command: nobody was told: StopIteration"]


def test_a_programs_last_words_can_be_seen(tmp_path: Path) -> None:
    settled(tmp_path, command=["sh", "-c", r"printf '\033[31mno\033[0m\007line\n\033[0m\n' >&2; exit 3"])
    assert fail(tmp_path)[0].endswith(r"sh ended with 3: no\x07line")


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        ({"when": "sometimes", "command": ["x"]}, "'sometimes' does not fit. Accepted: failure or always"),
        ({}, "command, webhook and mail are all null"),
        ({"command": "mail -s x"}, "nightly.tell.command"),
        ({"webhook": "example.org/hook"}, "is no address; write https://"),
        ({"webhook": "$NO-NAME"}, "write the name of an environment variable"),
        ({"mail": MAIL | {"port": 25, "to": []}}, "nightly.tell.mail.to"),
        ({"mail": MAIL | {"port": 25, "to": ["Anna <a@example.org>"]}}, "is no bare mail address"),
        ({"mail": MAIL | {"port": 25, "user": "me"}}, "user and password go together"),
        ({"mail": MAIL | {"port": 25, "to": ["a@[x"]}}, "is no mail address"),
        ({"webhook": "https://user:swordfish/x@host/hook"}, "this is no address"),
        ({"mail": MAIL | {"port": 587, "user": "me", "password": "swordfish"}}, "git keeps params.yaml"),
        ({"mail": MAIL | {"port": 25, "user": "me", "password": "$X"}}, "security: starttls, or tls"),
        ({"mail": MAIL | {"port": 25, "securty": "tls"}}, "did you mean `security`?"),
    ],
)
def test_what_does_not_fit_is_told_by_check(tmp_path: Path, tell: dict[str, Any], said: str) -> None:
    found = [str(problem) for problem in problems(settled(tmp_path, **tell) / "params.yaml")]
    assert any(said in problem for problem in found), found
    assert all("swordfish" not in problem for problem in found)


def test_check_says_what_is_missing_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    settled(tmp_path, command=["./pager.sh"], webhook="$HOOK")
    said = [finding.said for finding in telling(tmp_path)]
    assert "./pager.sh: no such program, or it may not be run" in said[0]
    assert "the environment variable HOOK is not set here" in said[1]
    assert said[2] == "how a night went is told by command and webhook (failure)"
    (tmp_path / "pager.sh").write_text("#!/bin/sh\ncat > told\n")
    (tmp_path / "pager.sh").chmod(0o700)
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/")
    assert len(list(telling(tmp_path))) == 1


def test_check_sends_a_test_message(tmp_path: Path, listener: Listener) -> None:
    settled(tmp_path, webhook=f"http://127.0.0.1:{listener.server_port}/")
    assert [(finding.level, finding.said) for finding in check._told(tmp_path)] == [
        ("fact", "told by nightly.tell.webhook")
    ]
    assert listener.heard[0][1]["text"] == "Lip study: this is a test message; nothing happened"
    listener.code = 403
    assert [finding.level for finding in check._told(tmp_path)] == ["error"]
