"""What Microsoft's clients read from the environment: credentials, trust, folders of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cloister.cli.cloud import Cloud
from cloister.home import Home

LEADING_ELSEWHERE = (
    # set by `cloister env` for the host, or by another cloud: in a network the names themselves lead to the cloud
    "ARM_CLOUD_METADATA_URL", "AZUREML_CURRENT_CLOUD", "AZURE_AUTHORITY_HOST", "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE", "AZURE_USERNAME", "AZURE_PASSWORD", "MSI_ENDPOINT", "MSI_SECRET", "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    # a proxy of the host is in no network of the cloud
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "http_proxy", "https_proxy", "all_proxy", "ftp_proxy",
)  # fmt: skip
"""Variables that would lead a client past the network it stands in; ``exec`` leaves them out."""

EXTENSIONS = "https://management.azure.com/extensions/index.json"
"""Where az finds its extensions: Microsoft's own index is not in this cloud."""


def credentials(cloud: Cloud, principal: str = "") -> dict[str, str]:
    """A service principal's credentials, as azure-identity and as azureml-core read them."""
    found = cloud.credentials(principal)
    return {
        "AZURE_SUBSCRIPTION_ID": cloud.subscription_of(principal),
        "AZURE_TENANT_ID": found["tenant_id"],
        "AZURE_CLIENT_ID": found["client_id"],
        "AZURE_CLIENT_SECRET": found["client_secret"],
        "AZUREML_SERVICE_PRINCIPAL_TENANT_ID": found["tenant_id"],
        "AZUREML_SERVICE_PRINCIPAL_ID": found["client_id"],
        "AZUREML_SERVICE_PRINCIPAL_PASSWORD": found["client_secret"],
    }


def trust(home: Home) -> dict[str, str]:
    """Trust in the cloud's CA beside the system's: Python's requests, OpenSSL, curl and Node each have a variable."""
    return {
        "REQUESTS_CA_BUNDLE": str(home.bundle_file),
        "SSL_CERT_FILE": str(home.bundle_file),
        "CURL_CA_BUNDLE": str(home.bundle_file),
        "NODE_EXTRA_CA_CERTS": str(home.ca_file),
    }


def client_folder(home: Home, principal: str, name: str) -> Path:
    """A folder that takes the place of ``~/.azure`` or ``~/.azureml``, one for each cloud and principal: the clients'
    caches of endpoints never expire. Made when missing."""
    folder = home.root / "clients" / (principal or "owner").replace("/", "_") / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def machine_environment(cloud: Cloud, host: Mapping[str, str], principal: str = "") -> dict[str, str]:
    """The environment of a command on a machine: the host's, less what leads elsewhere, plus credentials and trust."""
    kept = {name: value for name, value in host.items() if name not in LEADING_ELSEWHERE}
    folder = client_folder(cloud.home, principal, "azure")
    own = {"AZURE_CONFIG_DIR": str(folder), "AZURE_EXTENSION_INDEX_URL": EXTENSIONS}
    return {**kept, **credentials(cloud, principal), **trust(cloud.home), **own}
