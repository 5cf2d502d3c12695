"""``az ml workspace``: which command is which function, and what its options are called.

Source of names, short forms and defaults: learn.microsoft.com/cli/azure/ml(v1)/workspace, and the article on private
endpoints, which writes ``-r`` and ``-g`` for the group, ``-n`` and ``-w`` for the workspace.
"""

from azure.cli.core import AzCommandsLoader
from azure.cli.core.commands import CliCommandType
from azure.cli.core.commands.parameters import get_location_type, get_three_state_flag, tags_type
from knack.help_files import helps

_ENDPOINT = {
    "pe_name": "Name of the private endpoint.",
    "pe_vnet_name": "The existing virtual network to make the private endpoint in.",
    "pe_subnet_name": "The subnet to make the private endpoint in; 'default' unless given.",
    "pe_resource_group": "Group of the private endpoint; the virtual network is in it. The workspace's unless given.",
    "pe_subscription_id": "Subscription of the private endpoint and its virtual network. The workspace's unless given.",
    "pe_location": "Location of the private endpoint. The workspace's unless given.",
}
_PARTS = {
    "keyvault": "Key vault of the workspace, by id; made unless given.",
    "storage_account": "Storage account of the workspace, by id; made unless given.",
    "application_insights": "Application Insights of the workspace, by id; made unless given.",
    "container_registry": "Container registry of the workspace, by id; none unless given.",
}

for command, summary in {
    "ml": "Manage machine learning workspaces.",
    "ml workspace": "Manage machine learning workspaces.",
    "ml workspace private-endpoint": "Manage the private endpoints of a workspace.",
}.items():
    helps[command] = f"type: group\nshort-summary: {summary}\n"


class WorkspaceCommandsLoader(AzCommandsLoader):
    """The extension, as az loads it."""

    def __init__(self, cli_ctx=None):
        functions = CliCommandType(operations_tmpl="azext_cloister_ml.commands#{}")
        super().__init__(cli_ctx=cli_ctx, custom_command_type=functions)

    def load_command_table(self, args):
        with self.command_group("ml workspace") as group:
            for verb in ("create", "show", "update", "list"):
                group.custom_command(verb, f"{verb}_workspace" if verb != "list" else "list_workspaces")
            group.custom_command("delete", "delete_workspace", confirmation=True)
        with self.command_group("ml workspace private-endpoint") as group:
            group.custom_command("add", "add_endpoint")
            group.custom_command("list", "list_connections")
            group.custom_command("delete", "delete_connection")
        return self.command_table

    def load_arguments(self, command):
        flag = get_three_state_flag()
        with self.argument_context("ml workspace") as of:
            of.argument("workspace_name", options_list=["--workspace-name", "--name", "-w", "-n"], help="Name of the workspace.")
            of.argument(
                "resource_group_name", options_list=["--resource-group", "-g", "-r"], help="Resource group of the workspace."
            )
            of.argument("subscription_id", options_list=["--subscription-id"], help="Subscription; az's own unless given.")
            of.argument("location", get_location_type(self.cli_ctx), required=False)
            of.argument("tags", tags_type)
            of.argument("friendly_name", help="Name to show.")
            of.argument("path", help="A folder with .azureml/config.json or config.json, which names the workspace.")
            of.argument("pe_auto_approval", action="store_true", help="Approve the connection at once; it waits unless given.")
            for name, text in {**_ENDPOINT, **_PARTS}.items():
                of.argument(name, help=text)
        with self.argument_context("ml workspace create") as of:
            of.argument("exist_ok", action="store_true", help="Do not fail if the workspace exists.")
            of.argument("hbi_workspace", action="store_true", help="The data is of high business impact.")
            of.argument("sku", help="Only 'basic' is left.")
            of.argument("description", help="What the workspace is for.")
        with self.argument_context("ml workspace update") as of:
            of.argument("allow_public_access", arg_type=flag, help="Allow public access to a workspace behind a network.")
            of.argument("v1_legacy_mode", arg_type=flag, help="Refuse the second version of the interface.")
            of.argument("image_build_compute", help="Compute that builds images.")
            of.argument("description", help="What the workspace is for.")
        with self.argument_context("ml workspace delete") as of:
            of.argument("all_resources", action="store_true", help="Also what the workspace was made with.")
            of.argument("no_wait", action="store_true", help="Do not wait for the end.")
        with self.argument_context("ml workspace private-endpoint") as of:
            of.argument("pe_connection_name", help="Name of the connection, as list shows it.")


COMMAND_LOADER_CLS = WorkspaceCommandsLoader
