"""Microsoft.Storage/storageAccounts/{blob,file,queue,table}Services and what is in them. Stored; nothing listens yet.

``<service>/default`` exists with the account (it is derived) and takes settings by PUT. Containers, shares, queues and
tables are rows. Source: azure-rest-api-specs blob.json, file.json, queue.json, table.json 2022-05-01.
"""

from __future__ import annotations

from cloister.arm.resource import ResourceType, Row, View, stored
from cloister.arm.schema import Object, anything, array, boolean, integer, obj, string
from cloister.providers.storage.storage_accounts import NAME as ACCOUNTS
from cloister.providers.storage.storage_accounts import amend_service
from cloister.providers.storage.versions import API_VERSIONS

CONTAINER_NAME = r"(\$root|\$web|\$logs|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9])"
TABLE_NAME = r"[A-Za-z][A-Za-z0-9]{2,62}"


SHARE_READINGS = (
    "includedBurstIops", "maxBurstCreditsForIops", "nextAllowedQuotaDowngradeTime", "nextAllowedProvisionedIopsDowngradeTime",
    "nextAllowedProvisionedBandwidthDowngradeTime", "version", "deleted", "deletedTime", "remainingRetentionDays",
    "accessTierChangeTime", "accessTierStatus", "shareUsageBytes", "leaseStatus", "leaseState", "leaseDuration", "snapshotTime",
)  # fmt: skip
"""What Azure tells of a share and nobody writes."""


def _service(segment: str, properties: Object) -> ResourceType:
    return ResourceType(
        name=f"{ACCOUNTS}/{segment}",
        api_versions=API_VERSIONS,
        coverage=stored("nothing answers at its address yet"),
        properties=properties,
        location="none",
        amend=amend_service,
        put_status=(200, 200),
    )


def show_container(row: Row, view: View, api_version: str) -> dict:
    """The lease and hold states that clients read; nothing can change them yet."""
    return {
        "publicAccess": row.properties.get("publicAccess") or "None",
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
        "lastModifiedTime": row.changed,
        "deleted": False,
    }


BLOB_SERVICES = _service(
    "blobServices",
    obj(
        cors=anything(),
        defaultServiceVersion=string(),
        deleteRetentionPolicy=anything(),
        containerDeleteRetentionPolicy=anything(),
        isVersioningEnabled=boolean(),
        changeFeed=anything(),
        restorePolicy=anything(),
        lastAccessTimeTrackingPolicy=anything(),
        staticWebsite=anything(),
        automaticSnapshotPolicyEnabled=boolean(),
    ),
)
FILE_SERVICES = _service("fileServices", obj(cors=anything(), shareDeleteRetentionPolicy=anything(), protocolSettings=anything()))
QUEUE_SERVICES = _service("queueServices", obj(cors=anything()))
TABLE_SERVICES = _service("tableServices", obj(cors=anything()))

CONTAINERS = ResourceType(
    name=f"{ACCOUNTS}/blobServices/containers",
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at its address yet"),
    properties=obj(
        publicAccess=string("None", "Blob", "Container"),
        metadata=anything(),
        defaultEncryptionScope=string(create_only=True),
        denyEncryptionScopeOverride=boolean(create_only=True),
        immutableStorageWithVersioning=anything(),
        enableNfsV3AllSquash=boolean(),
        enableNfsV3RootSquash=boolean(),
        leaseStatus=string(read_only=True),
        leaseState=string(read_only=True),
        lastModifiedTime=string(read_only=True),
        deleted=boolean(read_only=True),
        deletedTime=string(read_only=True),
        remainingRetentionDays=integer(read_only=True),
        leaseDuration=string(read_only=True),
        version=string(read_only=True),
        hasImmutabilityPolicy=boolean(read_only=True),
        hasLegalHold=boolean(read_only=True),
        immutabilityPolicy=anything(read_only=True),
        legalHold=anything(read_only=True),
    ),
    location="none",
    show=show_container,
    name_pattern=CONTAINER_NAME,
)
SHARES = ResourceType(
    name=f"{ACCOUNTS}/fileServices/shares",
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at its address yet"),
    properties=obj(
        {name: anything(read_only=True) for name in SHARE_READINGS},
        shareQuota=integer(1, 262144, default=5120),
        accessTier=string("TransactionOptimized", "Hot", "Cool", "Premium"),
        enabledProtocols=string("SMB", "NFS", create_only=True),
        rootSquash=string("NoRootSquash", "RootSquash", "AllSquash"),
        metadata=anything(),
        signedIdentifiers=array(anything()),
        provisionedIops=integer(),
        provisionedBandwidthMibps=integer(),
        fileSharePaidBursting=anything(),
        lastModifiedTime=string(read_only=True),
    ),
    location="none",
    name_pattern=r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
)
QUEUES = ResourceType(
    name=f"{ACCOUNTS}/queueServices/queues",
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at its address yet"),
    properties=obj(metadata=anything(), approximateMessageCount=integer(read_only=True)),
    location="none",
    put_status=(200, 200),
    delete_status=204,
    name_pattern=r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
)
TABLES = ResourceType(
    name=f"{ACCOUNTS}/tableServices/tables",
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at its address yet"),
    properties=obj(tableName=string(read_only=True), signedIdentifiers=array(anything())),
    location="none",
    name_pattern=TABLE_NAME,
    put_status=(200, 200),
    delete_status=204,
)
MANAGEMENT_POLICIES = ResourceType(
    name=f"{ACCOUNTS}/managementPolicies",
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at its address yet"),
    properties=obj(policy=anything(required=True), lastModifiedTime=string(read_only=True)),
    location="none",
    name_pattern="default",
    put_status=(200, 200),
)

TYPES = (
    BLOB_SERVICES,
    FILE_SERVICES,
    QUEUE_SERVICES,
    TABLE_SERVICES,
    CONTAINERS,
    SHARES,
    QUEUES,
    TABLES,
    MANAGEMENT_POLICIES,
)
"""Every type below an account but those of private link."""
