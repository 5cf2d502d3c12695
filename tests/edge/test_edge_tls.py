"""TLS by name: which names are served to whom, and with which certificates."""

from __future__ import annotations

import socket
import ssl

import pytest
from cryptography import x509
from edge_cloud import ARM, BY_A, BY_B, CERT_A, INTERNET, LOGIN, NAME_A, NAME_B, NOTEBOOK_A, Cloud

INFERENCE_B = "x.guid-b.inference.eastus2.api.azureml.ms"


@pytest.mark.parametrize("name", [ARM, LOGIN, NAME_A, CERT_A, NOTEBOOK_A, INFERENCE_B, NAME_A.upper()])
def test_a_name_has_its_own_certificate(shared_edge: Cloud, name: str) -> None:
    with shared_edge.tls(name) as sock:
        leaf = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
        assert sock.version() == "TLSv1.3"
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert len(names) == 1
    assert names[0] in (name.lower(), "*." + name.partition(".")[2])


@pytest.mark.parametrize(
    "name", ["nothing.api.azureml.ms", "example.com", f"x.{ARM}", "a.b.guid-b.inference.eastus2.api.azureml.ms"]
)
def test_an_unknown_name_is_an_alert(shared_edge: Cloud, name: str) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        shared_edge.tls(name)


def test_no_name_is_an_alert(shared_edge: Cloud) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)missing.extension|alert"):
        shared_edge.tls(None)


@pytest.mark.parametrize(
    ("source", "name", "served"),
    [
        (BY_A, NAME_A, True),
        (BY_A, CERT_A, True),
        (BY_A, NOTEBOOK_A, True),
        (BY_A, NAME_B, False),
        (BY_A, ARM, False),
        (BY_A, LOGIN, False),
        (BY_B, NAME_B, True),
        (BY_B, INFERENCE_B, True),
        (BY_B, NAME_A, False),
        (INTERNET, NAME_B, True),
    ],
)
def test_an_endpoint_leads_to_the_names_of_its_resource_only(shared_edge: Cloud, source: str, name: str, served: bool) -> None:
    if served:
        shared_edge.tls(name, source).close()
        return
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        shared_edge.tls(name, source)


def test_the_host_is_served_as_localhost_with_and_without_a_name(shared_edge: Cloud) -> None:
    for name in ("localhost", "127.0.0.1", ARM, None):
        shared_edge.tls(name, port=shared_edge.host_port).close()
    with pytest.raises(ssl.SSLError):
        shared_edge.tls("localhost")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(shared_edge: Cloud) -> None:
    context = shared_edge.context()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", shared_edge.port), timeout=5) as raw,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(raw, server_hostname=ARM)


def test_certificates_are_kept_private_and_serve_without_control(edge_cloud: Cloud) -> None:
    edge_cloud.tls(NAME_A).close()
    edge_cloud.control.stop()
    edge_cloud.stop_edge()
    edge_cloud.start()
    edge_cloud.tls(NAME_A).close()
    kept = [path for path in edge_cloud.home.certificates.iterdir() if path.suffix == ".pem"]
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_a_leaf_of_another_ca_is_replaced(edge_cloud: Cloud) -> None:
    from cloister.services.identity.ca import Authority, make_authority

    edge_cloud.tls(ARM).close()
    edge_cloud.stop_edge()
    leaf = Authority(*make_authority()).issue(ARM)
    (edge_cloud.home.certificates / f"{ARM}.pem").write_text(leaf.key + leaf.chain)
    edge_cloud.start()
    edge_cloud.tls(ARM).close()  # verified against the cloud's CA
