"""What the demo does, and what the article promises after each step.

Source: learn.microsoft.com/azure/machine-learning/how-to-configure-private-link, its SDK v1 lines with every id filled in.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUP, LOCATION, WORKSPACE = "myresourcegroup", "eastus2", "myworkspace"
NETWORKS = ("myvnet", "othervnet")
PREFIX, SUBNET_PREFIX = "10.0.0.0/16", "10.0.0.0/24"
ENDPOINT = "myprivateendpoint"
INTERNET, INSIDE, OTHER = "internet", f"{GROUP}/myvnet/default", f"{GROUP}/othervnet/default"


@dataclass(frozen=True)
class Trial:
    """One way to try the workspace, and what the article promises there.

    ``status`` 0: no connection may come about. ``private``: the name must lead to the endpoint's address. ``by_address``: the
    endpoint's address is asked itself, whatever the name leads to.
    """

    place: str
    status: int
    private: bool = False
    by_address: bool = False

    @property
    def promise(self) -> str:
        """For the reader, where reality differs."""
        way = "the endpoint's address" if self.private or self.by_address else "a public address"
        return f"{way}, HTTP {self.status}" if self.status else f"{way}, no connection"


PRIVATE_ONLY = (Trial(INTERNET, 403), Trial(INSIDE, 200, private=True), Trial(OTHER, 403))
CLOSED = (Trial(INTERNET, 403), Trial(INSIDE, 403), Trial(INSIDE, 0, by_address=True), Trial(OTHER, 403))
PUBLIC_ONLY = (Trial(INTERNET, 200), Trial(INSIDE, 200), Trial(INSIDE, 0, by_address=True), Trial(OTHER, 200))


@dataclass(frozen=True)
class Step:
    """A piece of the article's code, where it runs, and what each trial meets afterwards."""

    title: str
    code: str
    trials: tuple[Trial, ...]
    place: str = INTERNET


def steps(subscription: str) -> tuple[Step, ...]:
    """The article's lines, with this cloud's subscription in them."""
    return (
        Step(
            "Create a workspace with a private endpoint",
            f"""\
from azureml.core import Workspace
from azureml.core import PrivateEndPointConfig

pe = PrivateEndPointConfig(name='{ENDPOINT}', vnet_name='myvnet', vnet_subnet_name='default')
ws = Workspace.create(name='{WORKSPACE}',
    subscription_id='{subscription}',
    resource_group='{GROUP}',
    location='{LOCATION}',
    private_endpoint_config=pe,
    private_endpoint_auto_approval=True,
    show_output=True)
""",
            PRIVATE_ONLY,
        ),
        Step(
            "Add a private endpoint to an existing workspace (the same one again changes nothing)",
            """\
ws.write_config()
ws = Workspace.from_config()
ws.add_private_endpoint(private_endpoint_config=pe, private_endpoint_auto_approval=True, show_output=True)
""",
            PRIVATE_ONLY,
        ),
        Step(
            "Work in it, from inside its network",
            """\
from azureml.core import Experiment, Workspace

ws = Workspace.from_config()
run = Experiment(ws, 'first').start_logging(snapshot_directory=None)
run.log('accuracy', 0.9)
run.log_list('loss', [0.8, 0.4, 0.2])
run.tag('made-by', 'demo')
run.complete()
print(run.get_status(), run.get_metrics())
""",
            PRIVATE_ONLY,
            place=INSIDE,
        ),
        Step(
            "Remove the private endpoint's connection",
            """\
_, _, connection_name = ws.get_details()['privateEndpointConnections'][0]['id'].rpartition('/')
ws.delete_private_endpoint_connection(private_endpoint_connection_name=connection_name)
""",
            CLOSED,
        ),
        Step(
            "Enable public access",
            """\
ws = Workspace.from_config()
ws.update(allow_public_access_when_behind_vnet=True)
""",
            PUBLIC_ONLY,
        ),
    )
