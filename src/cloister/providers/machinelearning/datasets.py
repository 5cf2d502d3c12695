"""Microsoft.MachineLearningServices/workspaces/datasets and linkedServices: of the first preview. Stored.

Source: azure-rest-api-specs machineLearningServices.json 2020-05-01-preview and 2020-09-01-preview
"""

from __future__ import annotations

from cloister.arm.schema import anything, boolean, obj, string
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.MachineLearningServices/workspaces/datasets"

PROPERTIES = obj(
    DatasetType=string("file", "tabular", required=True),
    Parameters=obj(
        Header=anything(),
        Path=anything(),
        Query=anything(),
        IncludePath=boolean(),
        PartitionFormat=string(),
        SourceType=string(),
        Separator=string(),
        required=True,
    ),
    Registration=obj(Name=string(), Description=string(), Tags=anything(), required=True),
    TimeSeries=anything(),
    SkipValidation=boolean(),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="nothing reads it", location="optional")

LINKED_SERVICE_NAME = "Microsoft.MachineLearningServices/workspaces/linkedServices"

LINKED_SERVICE_PROPERTIES = obj(
    linkedServiceResourceId=string(required=True),
    linkType=string("Synapse"),
    createdTime=string(read_only=True),
    modifiedTime=string(read_only=True),
)

LINKED_SERVICE_TYPE = plain(
    LINKED_SERVICE_NAME,
    API_VERSIONS,
    LINKED_SERVICE_PROPERTIES,
    lacks="the linked Spark pool is not asked",
    location="optional",
    put_status=(200, 200),
)

TYPES = (
    TYPE,
    LINKED_SERVICE_TYPE,
)
"""The types of this module."""
