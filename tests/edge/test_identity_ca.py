"""The certificate authority: leaves that Python's TLS accepts, and names that it cannot vouch for."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cloister.home import Home
from cloister.services.edge.certificates import make_context
from cloister.services.identity.ca import Authority, Leaf, NameRefused, make_authority


def handshake(folder: Path, ca_pem: bytes, leaf: Leaf, name: str) -> None:
    """A handshake in memory; raises ssl.SSLError where the client does not believe."""
    (folder / "leaf.pem").write_text(leaf.key + leaf.chain)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(folder / "leaf.pem")
    client_context = ssl.create_default_context(cadata=ca_pem.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.fixture(scope="module")
def authority() -> tuple[bytes, Authority]:
    certificate, key = make_authority()
    return certificate, Authority(certificate, key)


LONG = "ml-" + "a" * 20 + "-germanywestcentral-" + "0" * 20 + ".germanywestcentral.notebooks.azure.net"


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("management.azure.com", "management.azure.com"),
        ("login.microsoftonline.com", "login.microsoftonline.com"),
        ("*.g.inference.eastus2.api.azureml.ms", "x.g.inference.eastus2.api.azureml.ms"),
        ("Acc.Blob.core.windows.net", "acc.blob.core.windows.net"),
        ("localhost", "localhost"),
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        (LONG, LONG),
    ],
)
def test_leaves_are_believed(tmp_path: Path, authority: tuple[bytes, Authority], name: str, asked: str) -> None:
    leaf = authority[1].issue(name)
    handshake(tmp_path, authority[0], leaf, asked)
    certificate = x509.load_pem_x509_certificate(leaf.chain.encode())
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= datetime.timedelta(days=397)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    (tmp_path / "l").write_text(leaf.key + leaf.chain)
    make_context(tmp_path / "l", name)


REFUSED = (
    "example.com", "azure.com.example.com", "notazure.com", "com", "", "*", "*.com", "10.0.0.4", "::1", "a b.azure.com",
    "-a.azure.com", "a..azure.com", "a" * 64 + ".azure.com", "a\0.azure.com", "a/b.azure.com", "x.*.azure.com", "é.azure.com",
)  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_other_names_are_refused(authority: tuple[bytes, Authority], name: str) -> None:
    with pytest.raises(NameRefused, match="cannot make a certificate"):
        authority[1].issue(name)


@pytest.mark.parametrize("name", ["example.com", "azure.com.example.com", "gmail.com", "127.0.0.2"])
def test_the_constraints_hold_even_for_a_leaf_signed_by_the_key(
    tmp_path: Path, authority: tuple[bytes, Authority], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ipaddress

    from cloister.services.identity import ca

    plain: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(name)) if name[0] == "1" else x509.DNSName(name)]
    monkeypatch.setattr(ca, "general_names", lambda _: plain)
    leaf = authority[1].issue(name)
    with pytest.raises(ssl.SSLError, match="permitted subtree violation"):
        handshake(tmp_path, authority[0], leaf, name)


def test_a_leaf_cannot_sign(tmp_path: Path, authority: tuple[bytes, Authority]) -> None:
    leaf = authority[1].issue("management.azure.com")
    under = Authority(leaf.chain.encode(), leaf.key.encode()).issue("management.azure.com")
    under = Leaf(under.chain + leaf.chain, under.key)
    with pytest.raises(ssl.SSLError):
        handshake(tmp_path, authority[0], under, "management.azure.com")


def test_what_the_first_start_leaves(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    first = Authority.open(home)
    again = Authority.open(home)
    assert first.certificate.fingerprint(hashes.SHA256()) == again.certificate.fingerprint(hashes.SHA256())
    assert (home.secrets / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert home.bundle_file.read_bytes().endswith(home.ca_file.read_bytes())
    ssl.create_default_context(cafile=str(home.bundle_file))
    constraints = first.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
