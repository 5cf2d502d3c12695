"""Every number that bounds something, each with its source: Azure's published limit, or ours."""

# Requests (ours, unless said)
BODY_BYTES_MAX = 4 * 1024 * 1024  # Azure Resource Manager's request limit: 4 MB
JSON_DEPTH_MAX = 64
URL_LENGTH_MAX = 8192
HEADER_BYTES_MAX = 64 * 1024
ID_LENGTH_MAX = 2048
ID_SEGMENTS_MAX = 64

# Template deployments (learn.microsoft.com/azure/azure-resource-manager/templates/best-practices)
TEMPLATE_RESOURCES_MAX = 800
TEMPLATE_PARAMETERS_MAX = 256
TEMPLATE_VARIABLES_MAX = 256
TEMPLATE_OUTPUTS_MAX = 64
TEMPLATE_EXPRESSION_LENGTH_MAX = 24_576
TEMPLATE_DEPTH_MAX = 6  # nested deployments (ours; Azure: five levels)
TEMPLATE_EXPRESSION_DEPTH_MAX = 64  # ours

# Networks (Azure subscription and service limits: networking)
VNETS_MAX = 1000
SUBNETS_PER_VNET_MAX = 3000
DNS_SERVERS_PER_VNET_MAX = 20
ENDPOINTS_PER_VNET_MAX = 1000
ZONES_PER_GROUP_MAX = 5
LINKS_PER_ZONE_MAX = 1000
RECORD_SETS_PER_ZONE_MAX = 25_000
RECORDS_PER_SET_MAX = 20

# The fabric (ours)
EDITS_PER_BATCH_MAX = 2000
FRAME_BYTES_MAX = 64 * 1024 * 1024  # one message between two of the cloud's processes
KEEPER_MESSAGE_BYTES_MAX = 128 * 1024
APPLY_WAIT_SECONDS = 0.25  # how long a PUT waits for its own apply before it answers asynchronously
