"""``cloister env``: the variables that Microsoft's clients read, for a shell of this host."""

from __future__ import annotations

import shlex

from cloister.cli import show
from cloister.cli.cloud import Cloud
from cloister.cli.environment import client_folder, credentials, trust


def env(*, as_json: bool, principal: str) -> None:
    """Print ``export`` lines, or JSON. The host reaches the cloud as the internet does, by a port on loopback."""
    variables = host_environment(Cloud(), principal)
    if as_json:
        show.print_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def host_environment(cloud: Cloud, principal: str = "") -> dict[str, str]:
    """Trust, credentials, and the cloud's metadata address: clients learn all other addresses from there.

    azure-identity reads no metadata, so it is told the authority. It stands under ``/adfs``: MSAL asks Microsoft whether it
    may trust any other authority that is not Microsoft's (MSAL for Python, ``authority.py``). The clients keep what the
    metadata said for good, hence a folder of their own.
    """
    base = f"https://localhost:{cloud.facts['host_port']}"
    return {
        "ARM_CLOUD_METADATA_URL": f"{base}/metadata/endpoints?api-version=2019-05-01",
        "AZUREML_CURRENT_CLOUD": "Cloister",
        "AZURE_AUTHORITY_HOST": f"{base}/adfs",
        "AZURE_CONFIG_DIR": str(client_folder(cloud.home, principal, "azure-of-host")),
        "AZURE_EXTENSION_INDEX_URL": f"{base}/extensions/index.json",
        **credentials(cloud, principal),
        "AZUREML_SERVICE_PRINCIPAL_TENANT_ID": "adfs",  # SDK v1 drops the path of the login's address
        **trust(cloud.home),
    }
