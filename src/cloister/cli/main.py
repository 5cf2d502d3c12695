"""``cloister``: the list of commands. Each is a module of its own, imported when it is called.

Exit codes: 0 done, 1 refused or failed (stderr begins "cannot"), 2 typed wrongly; ``exec`` passes its command's code on.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cloister.cli.errors import CliError

app = typer.Typer(
    name="cloister",
    help="A private machine-learning cloud on this machine, with network isolation that is real.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Principal = Annotated[str, typer.Option("--as", metavar="PRINCIPAL", help="Act as this principal instead of the owner.")]
Place = Annotated[
    str, typer.Option("--from", metavar="PLACE", help="internet, or VNET/SUBNET, GROUP/VNET/SUBNET, a subnet's id.")
]


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when the cloud is up; it keeps running.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for all processes.")] = 60.0,
    allow_unknown_types: Annotated[
        bool, typer.Option("--allow-unknown-types", help="Keep resources of types unknown here as plain rows, from now on.")
    ] = False,
    allow_egress: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-egress",
            metavar="NAME",
            help="Let machines reach this name of the real internet, TCP 443 and 80, from now on: NAME, *.NAME or NAME=ADDRESS.",
        ),
    ] = None,
) -> None:
    """Start the cloud. The first start makes its CA, tenant, subscription and owner."""
    from cloister.cli.up import up

    up(detach=detach, timeout=timeout, allow_unknown_types=allow_unknown_types, allow_egress=allow_egress or [])


@app.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Also remove CLOISTER_HOME: all resources, keys and runs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing.")] = False,
) -> None:
    """Stop the cloud in order: machines, networks, processes."""
    from cloister.cli.down import down

    down(purge=purge, yes=yes)


@app.command()
def status(as_json: Json = False) -> None:
    """Show the processes, the revision, what the cloud holds and what drifted."""
    from cloister.cli.status import status

    status(as_json=as_json)


@app.command()
def env(as_json: Json = False, principal: Principal = "") -> None:
    """Print the variables a client on this host needs: eval "$(cloister env)"."""
    from cloister.cli.env import env

    env(as_json=as_json, principal=principal)


@app.command()
def rest(
    method: Annotated[str, typer.Argument(help="GET, PUT, PATCH, POST, DELETE or HEAD.")],
    path: Annotated[str, typer.Argument(help="A path of Resource Manager; without a leading / below the subscription.")],
    file: Annotated[str, typer.Option("--file", "-f", metavar="BODY", help="The body: a JSON file, or - for stdin.")] = "",
    body: Annotated[str, typer.Option("--body", "-b", metavar="JSON", help="The body, typed here.")] = "",
    api_version: Annotated[str, typer.Option("--api-version", help="Any is accepted.")] = "",
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the end of what the request started.")] = False,
    principal: Principal = "",
) -> None:
    """Send one request to Azure Resource Manager and print the answer."""
    from cloister.cli.rest import rest

    rest(method, path, file=file, body=body, api_version=api_version, wait=wait, principal=principal)


@app.command()
def openapi(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; - for stdout.")] = "-",
) -> None:
    """Write what this cloud's Resource Manager answers, described in OpenAPI 3.1."""
    from cloister.cli.openapi import openapi

    openapi(output)


@app.command()
def deploy(
    template: Annotated[str, typer.Argument(help="An ARM template: a JSON file, or - for stdin.")],
    group: Annotated[str, typer.Option("--group", "-g", metavar="GROUP", help="The resource group.")],
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", metavar="K=V", help="A parameter: k=v, k=@file, or @file with many.")
    ] = None,
    name: Annotated[str, typer.Option(help="The deployment's name; the template's file name by default.")] = "",
    location: Annotated[str, typer.Option("--location", "-l", help="Make the group there if it does not exist.")] = "",
    as_json: Json = False,
    principal: Principal = "",
) -> None:
    """Deploy a template to a resource group, showing what is being made."""
    from cloister.cli.deploy import deploy

    deploy(template, group, parameters or [], name=name, location=location, as_json=as_json, principal=principal)


@app.command("exec", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False})
def execute(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="The command and its arguments.")],
    place: Place = "internet",
    address: Annotated[str, typer.Option(metavar="IP", help="The machine's address; a free one by default.")] = "",
    principal: Principal = "",
    host_name: Annotated[str, typer.Option(metavar="NAME", help="The name that the machine registers in DNS.")] = "",
    forwarding: Annotated[
        bool, typer.Option("--ip-forwarding", help="Let it forward the packets of others, as an appliance of a route.")
    ] = False,
    nic: Annotated[str, typer.Option(metavar="NAME", help="Run on this network interface: its subnet, address and groups.")] = "",
) -> None:
    """Run a command on a machine of its own in a network: same files, same terminal, that network's names and routes."""
    from cloister.cli.exec import run

    code = run(command, place=place, address=address, principal=principal, host_name=host_name, forwarding=forwarding, nic=nic)
    raise typer.Exit(code)


@app.command()
def explain(
    to: Annotated[str, typer.Option("--to", metavar="NAME[:PORT]|RESOURCE", help="A name, an address, or a resource's id.")],
    place: Place = "internet",
    address: Annotated[str, typer.Option(metavar="IP", help="The source's own address; the next free one by default.")] = "",
    protocol: Annotated[str, typer.Option(metavar="tcp|udp|icmp", help="The protocol.")] = "tcp",
    nic: Annotated[str, typer.Option(metavar="NAME", help="From this network interface, instead of a place.")] = "",
    as_json: Json = False,
) -> None:
    """Say what happens to a connection, stage by stage, and which resource decides."""
    from cloister.cli.explain import explain

    explain(place=place, to=to, as_json=as_json, address=address, protocol=protocol, nic=nic)


@app.command()
def demo(as_json: Json = False) -> None:
    """Run the article's scripts with Microsoft's SDK and try the workspace from three places after each step."""
    from cloister.cli.demo.run import demo

    demo(as_json=as_json)


@app.command()
def principal(
    action: Annotated[str, typer.Argument(metavar="create|show", help="Make a service principal, or show one made before.")],
    name: Annotated[str, typer.Argument(help="Its name, as --as takes it.")],
    tenant: Annotated[str, typer.Option(metavar="NAME", help="Make it in this further tenant.")] = "",
) -> None:
    """Make or show a service principal of this cloud; it may do nothing until a role is assigned to it."""
    from cloister.cli.principal import principal

    principal(action, name, tenant)


@app.command()
def tenant(
    action: Annotated[
        str,
        typer.Argument(metavar="add|add-subscription|show|list", help="Add a tenant, give it a subscription, show it, list all."),
    ],
    name: Annotated[str, typer.Argument(help="Its name, and its owner's, as --as takes it.")] = "",
    as_json: Json = False,
) -> None:
    """Add a further tenant: a directory of its own with a subscription and an owner; other tenants' tokens are refused there."""
    from cloister.cli.tenant import tenant

    tenant(action, name, as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check what this machine offers the cloud; each finding says what to do."""
    from cloister.cli.doctor import doctor

    doctor(as_json=as_json)


def main() -> None:
    """The entry point: errors become one text on stderr and an exit code."""
    try:
        app()
    except CliError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `cloister ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()
