"""``cloister env``: the variables that Microsoft's clients read, for a shell of this host."""

from __future__ import annotations

import shlex

from cloister.cli import show
from cloister.cli.cloud import Cloud
from cloister.cli.environment import credentials, trust


def env(*, as_json: bool, principal: str) -> None:
    """Print ``export`` lines, or JSON. The host reaches the cloud as the internet does, by a port on loopback."""
    variables = host_environment(Cloud(), principal)
    if as_json:
        show.print_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def host_environment(cloud: Cloud, principal: str = "") -> dict[str, str]:
    """Trust, credentials, and the cloud's metadata address: clients learn all other addresses from there."""
    metadata = f"https://localhost:{cloud.facts['host_port']}/metadata/endpoints?api-version=2019-05-01"
    return {
        "ARM_CLOUD_METADATA_URL": metadata,
        "AZUREML_CURRENT_CLOUD": "AzureCloud",
        **credentials(cloud, principal),
        **trust(cloud.home),
    }
