"""The public names of a storage account's services and their privatelink twins.

Source: learn.microsoft.com/azure/storage/common/storage-private-endpoints; .../private-link/private-endpoint-dns.
"""

from __future__ import annotations

from collections.abc import Callable

from cloister.arm.resource import PrivateLinkGroup, Row
from cloister.net.intent import LinkedName
from cloister.net.plan import service_address
from cloister.providers.required import sku_name

SERVICES = ("blob", "file", "queue", "table", "dfs", "web")
SERVICES_BY_KIND = {
    "StorageV2": SERVICES,
    "Storage": ("blob", "file", "queue", "table"),
    "BlobStorage": ("blob", "dfs"),
    "BlockBlobStorage": ("blob", "dfs", "web"),
    "FileStorage": ("file",),
}
"""What each kind of account offers. ``Storage`` (general purpose v1) has no private endpoints."""

SITE_ZONE = "z13"  # static sites carry the number of their stamp; this cloud has one stamp


def services_of(row: Row) -> tuple[str, ...]:
    """The services of the account, by its kind."""
    return SERVICES_BY_KIND.get(str(row.body.get("kind") or "StorageV2"), SERVICES)


def has_readable_secondary(row: Row) -> bool:
    """Whether the account has read access to its second region (RA-GRS, RA-GZRS)."""
    return "_RAG" in sku_name(row).upper()


def host(row: Row, service: str, secondary: bool = False) -> str:
    """The public host of one service."""
    label = row.name.lower() + ("-secondary" if secondary else "")
    return f"{label}.{SITE_ZONE}.web.core.windows.net" if service == "web" else f"{label}.{service}.core.windows.net"


def linked_name(row: Row, service: str, secondary: bool = False) -> LinkedName:
    """The host with its twin, for the group ``service`` or ``service_secondary``."""
    member = f"{service}_secondary" if secondary else service
    label = row.name.lower() + ("-secondary" if secondary else "")
    address = service_address("storage", str(row.body.get("location") or ""))
    return LinkedName(member, host(row, service, secondary), f"{label}.privatelink.{service}.core.windows.net", address)


def linked_names(row: Row) -> tuple[LinkedName, ...]:
    """All public names of the account."""
    primary = tuple(linked_name(row, service) for service in services_of(row))
    second = tuple(linked_name(row, s, True) for s in services_of(row) if s != "file") if has_readable_secondary(row) else ()
    return primary + second


def _names(service: str, secondary: bool) -> Callable[[Row], tuple[LinkedName, ...]]:
    def names(row: Row) -> tuple[LinkedName, ...]:
        offered = str(row.body.get("kind") or "") != "Storage" and service in services_of(row)
        return (linked_name(row, service, secondary),) if offered and (not secondary or has_readable_secondary(row)) else ()

    return names


def _group(service: str, secondary: bool) -> PrivateLinkGroup:
    member = f"{service}_secondary" if secondary else service
    return PrivateLinkGroup(
        id=member,
        zones=(f"privatelink.{service}.core.windows.net",),
        members=(member,),
        names=_names(service, secondary),
        ports=(443, 445) if service == "file" else (443,),
    )


GROUPS = (
    *(_group(service, False) for service in SERVICES),
    *(_group(service, True) for service in SERVICES if service != "file"),
)
"""The groups of a storage account; each has one member of its own name."""
