"""Microsoft.EventHub/namespaces. The name resolves; no message is taken.

Source: learn.microsoft.com/azure/templates/microsoft.eventhub/namespaces
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, string
from cloister.providers import messaging
from cloister.providers.eventhub.versions import API_VERSIONS

HUBS = obj(
    messageRetentionInDays=integer(),
    partitionCount=integer(1, create_only=True),
    captureDescription=anything(),
    retentionDescription=anything(),
    status=string(),
    partitionIds=array(string(), read_only=True),
)

TYPES = messaging.namespaces("Microsoft.EventHub", API_VERSIONS, {"eventhubs": HUBS})
"""The types of this module."""
