"""A throw-away Azure on 127.0.0.1 for one workspace: just enough of ARM, login and discovery, and our real data plane.

It lets the unmodified SDK reach ``services/workspace`` without the rest of the cloud. TLS ends in the standard library,
with a CA that lives as long as the server. What it was asked is in ``asked``.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloister.ipc.messages import Request

SUBSCRIPTION = "9d1ef6cd-62d4-4f3f-8f2d-4ee5a0a3b3a1"
TENANT = "4c1b6f0e-5f3d-4f55-9d0a-0f6f6a1f7c11"
GROUP, NAME = "myresourcegroup", "myworkspace"
SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{NAME}"


def make_certificates(directory: Path) -> tuple[Path, Path]:
    """A CA and a certificate of localhost. Returns the CA's file and the server's chain with its key."""
    now = datetime.datetime.now(datetime.UTC)

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def signed(name: str, key: Any, issuer: str, issuer_key: Any, is_ca: bool) -> x509.Certificate:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = signed("small azure CA", authority_key, "small azure CA", authority_key, True)
    leaf = signed("localhost", key, "small azure CA", authority_key, False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    ca_file, server_file = directory / "ca.pem", directory / "server.pem"
    ca_file.write_bytes(authority.public_bytes(pem))
    server_file.write_bytes(private + leaf.public_bytes(pem))
    return ca_file, server_file


class SmallAzure:
    """The server, running in threads until ``close``."""

    def __init__(self, directory: Path, service: Any):
        self.directory, self.service = directory, service
        self.workspace_id = str(uuid.uuid4())
        self.asked: list[str] = []
        self.ca_file, server_file = make_certificates(directory)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_file)
        azure = self

        class Connection(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, kind, out = azure.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.root = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self) -> dict[str, str]:
        """What points Microsoft's SDK here, and keeps its caches out of the real home."""
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "AZURE_CONFIG_DIR": str(home / ".azure"),
            "ARM_CLOUD_METADATA_URL": f"{self.root}/metadata/endpoints?api-version=2019-05-01",
            "AZUREML_CURRENT_CLOUD": "AzureCloud",
            "MSI_ENDPOINT": f"{self.root}/msi/token",
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
            "AZUREML_DEFAULT_BACKOFF": "1",
            "AZUREML_DEFAULT_RETRIES": "1",
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "WORKSPACE_GROUP": GROUP,
            "WORKSPACE_NAME": NAME,
            "MLFLOW_TRACKING_URI": f"{self.root}/mlflow/v2.0{SCOPE}",
            "MLFLOW_TRACKING_TOKEN": self.token("https://management.azure.com/"),
        }

    def token(self, audience: str) -> str:
        claims = {"aud": audience, "tid": TENANT, "oid": str(uuid.UUID(int=1)), "name": "owner", "exp": int(time.time()) + 3600}
        return jwt.encode(claims, "a key that nobody checks, of 32 bytes", algorithm="HS256")

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        url = urllib.parse.urlsplit(target)
        path, query = urllib.parse.unquote(url.path), dict(urllib.parse.parse_qsl(url.query))
        self.asked.append(f"{method} {path}")
        fixed = self._fixed(path.lower(), body)
        if fixed is not None:
            return 200, "application/json", json.dumps(fixed).encode()
        sent = headers.get("Authorization", "").removeprefix("Bearer ")
        claims = jwt.decode(sent, options={"verify_signature": False}) if sent else {}
        facts = {"workspace_id": self.workspace_id, "workspace": SCOPE, "region": "eastus2", "name": NAME}
        lowered = {name.lower(): value for name, value in headers.items()}
        request = Request(
            method=method, path=path, query=query, headers=lowered, body=body, authority=url.netloc, claims=claims, facts=facts
        )
        response = self.service.answer(request)
        return response.status, response.headers["content-type"], response.body

    def _fixed(self, path: str, body: bytes) -> Any:
        if path == "/metadata/endpoints":
            names = {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net", "acrLoginServer": "azurecr.io"}
            audiences = ["https://management.core.windows.net/"]
            return [
                {
                    "name": "AzureCloud",
                    "authentication": {"loginEndpoint": self.root, "audiences": audiences},
                    "resourceManager": self.root + "/",
                    "portal": "https://portal.azure.com",
                    "graphAudience": "https://graph.windows.net/",
                    "suffixes": names | {"sqlServerHostname": "database.windows.net"},
                }
            ]
        if path == "/msi/token":
            audience = dict(urllib.parse.parse_qsl(body.decode())).get("resource", "")
            expires = str(int(time.time()) + 3600)
            return {"access_token": self.token(audience), "token_type": "Bearer", "expires_on": expires, "resource": audience}
        if path == "/subscriptions":
            one = {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION, "displayName": "test"}
            return {"value": [one | {"state": "Enabled", "tenantId": TENANT}]}
        if path == SCOPE.lower():
            found = {"workspaceId": self.workspace_id, "discoveryUrl": self.root + "/discovery", "provisioningState": "Succeeded"}
            kind = "Microsoft.MachineLearningServices/workspaces"
            return {"id": SCOPE, "name": NAME, "type": kind, "location": "eastus2", "properties": found}
        if path == "/discovery":
            keys = ("api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio")
            return {key: self.root for key in keys}
        return None
