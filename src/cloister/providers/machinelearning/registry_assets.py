"""What a registry keeps by name and version: codes, components, data, environments, models. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.providers.machinelearning.assets import versions
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain

CODE_NAME = "Microsoft.MachineLearningServices/registries/codes"

CODE_PROPERTIES = obj(
    provisioningState=string(read_only=True),
    isArchived=boolean(),
    latestVersion=string(read_only=True),
    nextVersion=string(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)

CODE_TYPE = plain(CODE_NAME, API_VERSIONS, CODE_PROPERTIES, lacks="nothing reads it", location="none", show=versions)

CODE_VERSION_NAME = "Microsoft.MachineLearningServices/registries/codes/versions"

CODE_VERSION_PROPERTIES = obj(
    codeUri=string(),
    provisioningState=string(read_only=True),
    isAnonymous=boolean(),
    isArchived=boolean(),
    description=string(),
    properties=anything(),
    tags=anything(),
)

CODE_VERSION_TYPE = plain(CODE_VERSION_NAME, API_VERSIONS, CODE_VERSION_PROPERTIES, lacks="nothing reads it", location="none")

COMPONENT_NAME = "Microsoft.MachineLearningServices/registries/components"

COMPONENT_PROPERTIES = obj(
    provisioningState=string(read_only=True),
    isArchived=boolean(),
    latestVersion=string(read_only=True),
    nextVersion=string(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)

COMPONENT_TYPE = plain(
    COMPONENT_NAME, API_VERSIONS, COMPONENT_PROPERTIES, lacks="nothing reads it", location="none", show=versions
)

COMPONENT_VERSION_NAME = "Microsoft.MachineLearningServices/registries/components/versions"

COMPONENT_VERSION_PROPERTIES = obj(
    componentSpec=anything(),
    provisioningState=string(read_only=True),
    isAnonymous=boolean(),
    isArchived=boolean(),
    description=string(),
    properties=anything(),
    tags=anything(),
)

COMPONENT_VERSION_TYPE = plain(
    COMPONENT_VERSION_NAME, API_VERSIONS, COMPONENT_VERSION_PROPERTIES, lacks="nothing reads it", location="none"
)

DATA_NAME = "Microsoft.MachineLearningServices/registries/data"

DATA_PROPERTIES = obj(
    dataType=string("uri_file", "uri_folder", "mltable", required=True),
    isArchived=boolean(),
    latestVersion=string(read_only=True),
    nextVersion=string(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)

DATA_TYPE = plain(DATA_NAME, API_VERSIONS, DATA_PROPERTIES, lacks="nothing reads it", location="none", show=versions)

DATA_VERSION_NAME = "Microsoft.MachineLearningServices/registries/data/versions"

DATA_VERSION_PROPERTIES = obj(
    dataType=string("mltable", "uri_file", "uri_folder", required=True),
    dataUri=string(required=True),
    isAnonymous=boolean(),
    isArchived=boolean(),
    description=string(),
    properties=anything(),
    tags=anything(),
)

DATA_VERSION_TYPE = plain(DATA_VERSION_NAME, API_VERSIONS, DATA_VERSION_PROPERTIES, lacks="nothing reads it", location="none")

ENVIRONMENT_NAME = "Microsoft.MachineLearningServices/registries/environments"

ENVIRONMENT_PROPERTIES = obj(
    provisioningState=string(read_only=True),
    isArchived=boolean(),
    latestVersion=string(read_only=True),
    nextVersion=string(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)

ENVIRONMENT_TYPE = plain(
    ENVIRONMENT_NAME, API_VERSIONS, ENVIRONMENT_PROPERTIES, lacks="nothing reads it", location="none", show=versions
)

ENVIRONMENT_VERSION_NAME = "Microsoft.MachineLearningServices/registries/environments/versions"

ENVIRONMENT_VERSION_PROPERTIES = obj(
    autoRebuild=string("Disabled", "OnBaseImageUpdate"),
    build=obj(contextUri=string(required=True), dockerfilePath=string()),
    condaFile=string(),
    environmentType=string(read_only=True),
    image=string(),
    inferenceConfig=obj(livenessRoute=anything(), readinessRoute=anything(), scoringRoute=anything(), startupRoute=anything()),
    osType=string("Linux", "Windows"),
    provisioningState=string(read_only=True),
    stage=string(),
    isAnonymous=boolean(),
    isArchived=boolean(),
    description=string(),
    properties=anything(),
    tags=anything(),
)

ENVIRONMENT_VERSION_TYPE = plain(
    ENVIRONMENT_VERSION_NAME, API_VERSIONS, ENVIRONMENT_VERSION_PROPERTIES, lacks="nothing reads it", location="none"
)

MODEL_NAME = "Microsoft.MachineLearningServices/registries/models"

MODEL_PROPERTIES = obj(
    provisioningState=string(read_only=True),
    isArchived=boolean(),
    latestVersion=string(read_only=True),
    nextVersion=string(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)

MODEL_TYPE = plain(MODEL_NAME, API_VERSIONS, MODEL_PROPERTIES, lacks="nothing reads it", location="none", show=versions)

MODEL_VERSION_NAME = "Microsoft.MachineLearningServices/registries/models/versions"

MODEL_VERSION_PROPERTIES = obj(
    flavors=anything(),
    jobName=string(),
    modelType=string(),
    modelUri=string(),
    provisioningState=string(read_only=True),
    stage=string(),
    datasets=array(obj(name=string(), id=string())),
    isAnonymous=boolean(),
    isArchived=boolean(),
    description=string(),
    properties=anything(),
    tags=anything(),
)

MODEL_VERSION_TYPE = plain(MODEL_VERSION_NAME, API_VERSIONS, MODEL_VERSION_PROPERTIES, lacks="nothing reads it", location="none")

TYPES = (
    CODE_TYPE,
    CODE_VERSION_TYPE,
    COMPONENT_TYPE,
    COMPONENT_VERSION_TYPE,
    DATA_TYPE,
    DATA_VERSION_TYPE,
    ENVIRONMENT_TYPE,
    ENVIRONMENT_VERSION_TYPE,
    MODEL_TYPE,
    MODEL_VERSION_TYPE,
)
"""The types of this module."""
