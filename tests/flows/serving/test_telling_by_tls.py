"""Mail by STARTTLS and by TLS: a real SMTP server on loopback, with a certificate that this machine trusts or not."""

import base64
import datetime
import ipaddress
import ssl
from pathlib import Path
from socket import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.flows.serving.test_telling import MAIL, Listening, fail, settled

LOGIN = MAIL | {"user": "vermilion", "password": "$SMTP_PASSWORD"}
PLAIN = base64.b64encode(b"\0vermilion\0hush").decode()


class SecretMailbox(Listening):
    """An SMTP server for one mail, by TLS from the first byte (`tls`), after STARTTLS, or not at all (`none`)."""

    def __init__(self, security: str, certificate: Path) -> None:
        self.security = security
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.open: list[str] = []
        """What could be read on the way."""
        self.secret: list[str] = []
        super().__init__()

    def serve(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            if self.security == "tls":
                self.talk_in_secret(connection, greet=True)
            else:
                self.talk(connection, self.open, greet=True)

    def talk_in_secret(self, connection: socket, *, greet: bool) -> None:
        try:
            with self.context.wrap_socket(connection, server_side=True) as secret:
                self.talk(secret, self.secret, greet=greet)
        except OSError:
            return  # the client did not trust us

    def talk(self, connection: socket, heard: list[str], *, greet: bool) -> None:
        offered = "" if heard is self.secret or self.security == "none" else "250-STARTTLS\r\n"
        answers = {"EHLO": f"250-mailbox\r\n{offered}250 AUTH PLAIN", "DATA": "354 go on", "QUIT": "221 bye"}
        answers |= {"STARTTLS": "220 go on", "AUTH": "235 fine"}
        with connection.makefile("rwb") as stream:
            if greet:
                stream.write(b"220 mailbox\r\n")
                stream.flush()
            while line := stream.readline():
                heard.append(line.decode().strip())
                word = heard[-1].split(" ")[0].upper()
                stream.write(f"{answers.get(word, '250 fine')}\r\n".encode())
                stream.flush()
                if word == "DATA":
                    heard += [text.decode().strip() for text in iter(stream.readline, b".\r\n")]
                    stream.write(b"250 taken\r\n")
                    stream.flush()
                if word == "STARTTLS":
                    break
                if word == "QUIT":
                    return
        if heard and heard[-1].upper() == "STARTTLS":
            self.talk_in_secret(connection, greet=False)

    def close(self) -> None:
        self.thread.join(10)
        self.listening.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("certificate") / "mailbox.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hush")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_password_and_mail_go_in_secret(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox = SecretMailbox(security, certificate)
    settled(tmp_path, mail=LOGIN | {"port": mailbox.port, "security": security})
    assert fail(tmp_path) == ["told by nightly.tell.mail"]
    mailbox.close()
    assert mailbox.open == (["ehlo localhost", "STARTTLS"] if security == "starttls" else [])
    assert f"AUTH PLAIN {PLAIN}" in mailbox.secret
    assert "Subject: Lip study: night 2026-11-29 failed" in mailbox.secret


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_is_not_trusted_hears_nothing(tmp_path: Path, certificate: Path, security: str) -> None:
    mailbox = SecretMailbox(security, certificate)
    settled(tmp_path, mail=LOGIN | {"port": mailbox.port, "security": security})
    [said] = fail(tmp_path)
    mailbox.close()
    assert said == (
        "warning: params.yaml: nightly.tell.mail: nobody was told: the server's certificate is not trusted: "
        "self-signed certificate; SSL_CERT_FILE names a file with the one to trust"
    )
    assert mailbox.secret == []
    assert mailbox.open == (["ehlo localhost", "STARTTLS"] if security == "starttls" else [])


def test_without_starttls_no_password_and_no_mail_goes(tmp_path: Path, certificate: Path) -> None:
    mailbox = SecretMailbox("none", certificate)
    settled(tmp_path, mail=LOGIN | {"port": mailbox.port, "security": "starttls"})
    [said] = fail(tmp_path)
    mailbox.close()
    assert "STARTTLS extension not supported by server" in said
    assert not [line for line in mailbox.open if "AUTH" in line or "Subject" in line]
