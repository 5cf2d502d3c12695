"""The cloud's own certificate authority: P-256, made at the first start, bound by name constraints to this cloud's names.

Whoever trusts it trusts it for the names below and nothing else, and nobody has to trust it but the processes that
``cloister exec`` starts: it is never installed in the system. Leaves are P-256 too, one for each name, 397 days at most.

Sources: RFC 5280 4.2.1.10 (name constraints), 4.2.1.6 (an empty subject makes the alternative name critical).
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloister.home import Home
from cloister.limits import CA_DAYS, LEAF_DAYS
from cloister.private_file import write_private

SUFFIXES = (
    "azure.com",  # management.azure.com, ml.azure.com, inference.ml.azure.com, vault and monitor names
    "azure.net",  # vaults, notebooks, data factory
    "azurecr.io",
    "azmk8s.io",
    "azureml.ms",
    "azureml.net",
    "azuresynapse.net",
    "ml.azure.ms",
    "core.windows.net",
    "login.microsoft.com",
    "login.microsoftonline.com",
    "login.windows.net",
    "sts.windows.net",
    "cloister",  # this cloud's own: dns.cloister
    "localhost",
)
"""Every name that the cloud answers for ends in one of these; the CA can vouch for no other."""

ADDRESS = "127.0.0.1"
"""The only address the CA can vouch for: the listener of the host."""

_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Leaf(NamedTuple):
    """A certificate and its key, both PEM."""

    chain: str
    key: str


class NameRefused(ValueError):
    """A name that the CA cannot vouch for."""


class Authority:
    """The CA. ``issue`` makes leaves; the key never leaves this object."""

    def __init__(self, certificate_pem: bytes, key_pem: bytes):
        self.certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = serialization.load_pem_private_key(key_pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("cannot read the CA's key: it is not an elliptic curve key; restore it from where it was kept")
        self._key = key

    @classmethod
    def open(cls, home: Home) -> Authority:
        """The CA of ``home``, made at the first start together with the bundle that clients are pointed at."""
        key_path = home.secrets / "ca-key.pem"
        if not (key_path.exists() and home.ca_file.exists()):
            certificate, key = make_authority()
            write_private(key_path, key)
            write_private(home.ca_file, certificate, mode=0o644)
        write_bundle(home)
        return cls(home.ca_file.read_bytes(), key_path.read_bytes())

    def issue(self, name: str) -> Leaf:
        """A leaf for ``name`` (a DNS name, ``*.name`` or 127.0.0.1). Raises NameRefused outside the CA's constraints."""
        names = general_names(name)
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        start = now - datetime.timedelta(hours=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(min(start + datetime.timedelta(days=LEAF_DAYS), self.certificate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_issuer_key(self.certificate), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Leaf(certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key).decode())


def make_authority() -> tuple[bytes, bytes]:
    """A new CA: its certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Cloister"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Cloister private cloud CA"),
        ]
    )
    start = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - datetime.timedelta(hours=1)
    permitted: list[x509.GeneralName] = [x509.DNSName(suffix) for suffix in SUFFIXES]
    permitted.append(x509.IPAddress(ipaddress.IPv4Network(f"{ADDRESS}/32")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def general_names(name: str) -> list[x509.GeneralName]:
    """The alternative names of a leaf: the name itself; ``localhost`` and 127.0.0.1 share one certificate."""
    plain = name.lower().rstrip(".")
    if plain in ("localhost", ADDRESS):
        return [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address(ADDRESS))]
    tail = plain.removeprefix("*.")
    labels = tail.split(".")
    fits = any(tail == suffix or tail.endswith("." + suffix) for suffix in SUFFIXES)
    shaped = len(tail) <= 253 and all(_label(label) for label in labels)
    if not (fits and shaped):
        raise NameRefused(f"cannot make a certificate for '{name}': the cloud answers only for names under {', '.join(SUFFIXES)}")
    return [x509.DNSName(plain)]


def write_bundle(home: Home) -> None:
    """``ca-bundle.pem``: the system's CAs, then ours, so that a client pointed at it loses nothing."""
    found = [Path(ssl.get_default_verify_paths().cafile or "/"), *map(Path, _SYSTEM_BUNDLES)]
    system = next((path.read_bytes() for path in found if path.is_file()), b"")
    bundle = system.rstrip(b"\n") + b"\n" + home.ca_file.read_bytes() if system else home.ca_file.read_bytes()
    if not home.bundle_file.exists() or home.bundle_file.read_bytes() != bundle:
        write_private(home.bundle_file, bundle, mode=0o644)


def _label(label: str) -> bool:
    plain = label.replace("-", "").replace("_", "")
    return 0 < len(label) <= 63 and plain.isascii() and plain.isalnum() and label[0] != "-" and label[-1] != "-"


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def _issuer_key(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
