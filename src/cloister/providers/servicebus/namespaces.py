"""Microsoft.ServiceBus/namespaces. The name resolves; no message is taken.

Source: learn.microsoft.com/azure/templates/microsoft.servicebus/namespaces
"""

from __future__ import annotations

from cloister.arm.schema import boolean, integer, obj, string
from cloister.providers import messaging
from cloister.providers.servicebus.versions import API_VERSIONS

QUEUES = obj(
    lockDuration=string(),
    maxSizeInMegabytes=integer(),
    requiresDuplicateDetection=boolean(),
    requiresSession=boolean(),
    defaultMessageTimeToLive=string(),
    deadLetteringOnMessageExpiration=boolean(),
    maxDeliveryCount=integer(),
    enablePartitioning=boolean(),
    enableExpress=boolean(),
    status=string(),
    messageCount=integer(read_only=True),
)
TOPICS = obj(
    defaultMessageTimeToLive=string(),
    maxSizeInMegabytes=integer(),
    requiresDuplicateDetection=boolean(),
    enablePartitioning=boolean(),
    supportOrdering=boolean(),
    status=string(),
    subscriptionCount=integer(read_only=True),
)

TYPES = messaging.namespaces("Microsoft.ServiceBus", API_VERSIONS, {"queues": QUEUES, "topics": TOPICS})
"""The types of this module."""
