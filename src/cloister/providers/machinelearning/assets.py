"""What a workspace and a registry keep by name and version: codes, components, data, environments, models. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import ResourceType, Row, View
from cloister.arm.schema import Object, anything, array, boolean, obj, string
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain


def versions(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The latest version of a container, and the one that would come next."""
    found = [child.name for child in view.children(row.id, f"{row.type}/versions")]
    numbers = sorted(int(name) for name in found if name.isdigit() and len(name) < 10)
    latest = str(numbers[-1]) if numbers else found[-1] if found else None
    return {"latestVersion": latest, "nextVersion": str(numbers[-1] + 1) if numbers else "1"}


def _asset(**own: Any) -> Object:
    """The properties of a container or a version: its own, and those of all."""
    return obj(**own, isArchived=boolean(), description=string(), properties=anything(), tags=anything())


def _container(**own: Any) -> Object:
    return _asset(**own, latestVersion=string(read_only=True), nextVersion=string(read_only=True))


def _version(**own: Any) -> Object:
    return _asset(**own, isAnonymous=boolean())


_STATE = string(read_only=True)
_DATA = ("mltable", "uri_file", "uri_folder")

KINDS: dict[str, tuple[Object, Object]] = {
    "codes": (_container(provisioningState=_STATE), _version(codeUri=string(), provisioningState=_STATE)),
    "components": (_container(provisioningState=_STATE), _version(componentSpec=anything(), provisioningState=_STATE)),
    "data": (
        _container(dataType=string("uri_file", "uri_folder", "mltable", required=True)),
        _version(dataType=string(*_DATA, required=True), dataUri=string(required=True)),
    ),
    "environments": (
        _container(provisioningState=_STATE),
        _version(
            autoRebuild=string("Disabled", "OnBaseImageUpdate"),
            build=obj(contextUri=string(required=True), dockerfilePath=string()),
            condaFile=string(),
            environmentType=string(read_only=True),
            image=string(),
            inferenceConfig=obj(
                livenessRoute=anything(), readinessRoute=anything(), scoringRoute=anything(), startupRoute=anything()
            ),
            osType=string("Linux", "Windows"),
            provisioningState=_STATE,
            stage=string(),
        ),
    ),
    "models": (
        _container(provisioningState=_STATE),
        _version(
            flavors=anything(),
            jobName=string(),
            modelType=string(),
            modelUri=string(),
            provisioningState=_STATE,
            stage=string(),
            datasets=array(obj(name=string(), id=string())),
        ),
    ),
}
"""What is kept by name and version: the properties of its container, and of a version."""


def assets_of(parent: str) -> tuple[ResourceType, ...]:
    """The types below a workspace or a registry."""
    lacks: dict[str, Any] = {"lacks": "nothing reads it", "location": "none"}
    return tuple(
        kind
        for leaf, (container, version) in KINDS.items()
        for kind in (
            plain(f"{parent}/{leaf}", API_VERSIONS, container, show=versions, **lacks),
            plain(f"{parent}/{leaf}/versions", API_VERSIONS, version, **lacks),
        )
    )


TYPES = (
    *assets_of("Microsoft.MachineLearningServices/workspaces"),
    *assets_of("Microsoft.MachineLearningServices/registries"),
)
"""The types of this module."""
