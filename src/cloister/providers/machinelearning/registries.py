"""Microsoft.MachineLearningServices/registries: registries of models and environments for several workspaces. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01; names:
learn.microsoft.com/azure/private-link/private-endpoint-dns
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.machinelearning.versions import API_VERSIONS

NAME = "Microsoft.MachineLearningServices/registries"

PROPERTIES = obj(
    discoveryUrl=string(),
    intellectualPropertyPublisher=string(),
    managedResourceGroup=obj(resourceId=string()),
    managedResourceGroupSettings=obj(assignedIdentities=array(obj(principalId=string()))),
    mlFlowRegistryUri=string(),
    registryPrivateEndpointConnections=array(anything()),
    publicNetworkAccess=string(),
    regionDetails=array(
        obj(
            acrDetails=array(obj(systemCreatedAcrAccount=anything())),
            location=string(),
            storageAccountDetails=array(obj(systemCreatedStorageAccount=anything())),
        )
    ),
)


GROUPS = groups(
    "machinelearning", Offer("amlregistry", "privatelink.api.azureml.ms", ("{name}.registry.{region}.api.azureml.ms",))
)

TYPES = target(NAME, API_VERSIONS, PROPERTIES, "machinelearning", GROUPS, lacks="nothing is served at its address")
