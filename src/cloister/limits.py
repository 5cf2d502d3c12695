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
TEMPLATE_STEPS_MAX = 300_000  # ours: evaluated parts of expressions in one deployment
TEMPLATE_VALUE_NODES_MAX = 200_000  # ours: members of one value, written out
TEMPLATE_TEXT_MAX = 1024 * 1024  # ours: characters of one text that an expression makes
TEMPLATE_COPIES_MAX = 800  # Azure: a copy loop's count
TEMPLATE_RANGE_MAX = 10_000  # Azure: the count of range()
DEPLOYMENT_PARALLEL_MAX = 16  # ours: resources of one deployment under way at once
DEPLOYMENT_RESOURCE_SECONDS = 300.0  # ours: how long one accepted resource may take to come to rest
DEPLOYMENT_WANTS_MAX = 1000  # ours: reference() and list*() values in one resource or in the outputs
DEPLOYMENT_ATTEMPTS_MAX = 5  # ours: how often a deployment is resumed after a restart before it is Failed
DEPLOYMENT_WAIT_SECONDS = 1.0  # ours: how long a poll waits for the end before it answers that it still runs
DEPLOYMENTS_PER_SCOPE_MAX = 800  # Azure: deployments kept in the history of one scope; the oldest go first

# Networks (Azure subscription and service limits: networking)
VNETS_MAX = 1000
SUBNETS_PER_VNET_MAX = 3000
DNS_SERVERS_PER_VNET_MAX = 20
ENDPOINTS_PER_VNET_MAX = 1000
PEERINGS_PER_VNET_MAX = 500
RULES_PER_GROUP_MAX = 1000
APPLICATION_GROUPS_PER_CONFIGURATION_MAX = 20
APPLICATION_GROUPS_PER_RULE_SIDE_MAX = 10
ROUTES_PER_TABLE_MAX = 400
NAT_ADDRESSES_MAX = 16  # of one NAT gateway, its prefixes' included (nat-gateway-resource)
LINK_SERVICE_ADDRESSES_MAX = 8  # NAT addresses of one private link service (private-link-service-overview)
ZONES_PER_GROUP_MAX = 5
LINKS_PER_ZONE_MAX = 1000
RECORD_SETS_PER_ZONE_MAX = 25_000
RECORDS_PER_SET_MAX = 20
LINKS_WITH_REGISTRATION_PER_ZONE_MAX = 100
PRIVATE_ZONES_PER_SUBSCRIPTION_MAX = 1000
PRIVATE_ZONES_PER_VNET_MAX = 1000
ZONE_LABELS_MAX = 34
RESOLVER_ENDPOINTS_MAX = 5  # inbound, and outbound, endpoints of one DNS private resolver
RULESET_ENDPOINTS_MAX = 2  # outbound endpoints of one DNS forwarding ruleset
RULESETS_PER_ENDPOINT_MAX = 2
RULES_PER_RULESET_MAX = 1000
LINKS_PER_RULESET_MAX = 500
TARGETS_PER_RULE_MAX = 6
TXT_RECORD_LENGTH_MAX = 1024  # characters of one TXT record, all its strings together

# The fabric (ours)
EDITS_PER_BATCH_MAX = 2000
FRAME_BYTES_MAX = 64 * 1024 * 1024  # one message between two of the cloud's processes
KEEPER_MESSAGE_BYTES_MAX = 128 * 1024
APPLY_WAIT_SECONDS = 0.25  # how long a PUT waits for its own apply before it answers asynchronously

# Names
DNS_TTL_MAX = 10  # ours: a change of a name is seen by every client within 10 s (Azure's zone groups write 10 too)
DNS_CHAIN_MAX = 16  # ours: CNAMEs followed for one question
DNS_UDP_BYTES_MIN = 512  # RFC 1035, 4.2.1: what a client without EDNS can take
DNS_UDP_BYTES_MAX = 1232  # dnsflagday.net/2020: what passes without fragments
DNS_TCP_CONNECTIONS_MAX = 100  # ours, for each network; the longest idle one makes place
DNS_TCP_IDLE_SECONDS = 10.0  # ours (RFC 7766, 6.2.3: "of the order of a few seconds")
DNS_FORWARDS_MAX = 256  # ours: questions under way to others' name servers
DNS_FORWARD_TRY_SECONDS = 1.0  # ours: how long one server is waited for
DNS_FORWARD_SECONDS = 4.5  # ours: all servers of a rule together; clients wait 5 s (resolv.conf(5))
DNS_CACHED_ANSWERS_MAX = 65_536  # ours: all networks together
DNS_CACHED_ANSWERS_PER_VIEW_MAX = 4096  # ours
JOURNAL_BYTES_MIN = 1 << 20  # ours: a journal is rewritten when it has grown past this and doubled

# Compute (Azure: learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-placement-groups)
SCALE_SET_MACHINES_MAX = 1000

# Tokens and certificates
TOKEN_SECONDS = 3900  # Entra gives 60 to 90 minutes
TOKEN_BYTES_MAX = 16 * 1024
TOKENS_REMEMBERED_MAX = 4096
CA_DAYS = 3650
LEAF_DAYS = 397  # CA/Browser Forum baseline requirements 6.3.2, until 2026-03; clients refuse longer ones
LEAF_RENEW_DAYS = 30

# The edge (ours)
EDGE_CONNECTIONS_MAX = 8192
EDGE_CONNECTIONS_PER_PEER_MAX = 1024
EDGE_BODY_BYTES_MAX = 256 * 1024 * 1024  # bodies in memory, all connections together
HELLO_BYTES_MAX = 16 * 1024
HELLO_RECORDS_MAX = 32
HELLO_SECONDS = 10.0  # from accept to the end of the TLS handshake, each half
HEAD_SECONDS = 20.0  # from a request's first byte to the end of its head
BODY_SECONDS = 120.0  # from there to the end of its body
IDLE_SECONDS = 120.0  # a kept-alive connection without a request
WRITE_SECONDS = 120.0  # a client that does not read its answer
PIPELINED_MAX = 16
CONTEXTS_MAX = 2048  # TLS contexts in memory
CONTROL_WAIT_SECONDS = 5.0  # control is down: how long a request waits for it
CONTROL_CALL_SECONDS = 120.0
EGRESS_CONNECT_SECONDS = 15.0  # a name of the real internet: looked up, and all its addresses together
RELAY_CONNECT_SECONDS = 10.0  # all backends of a private link service together
RESOLVER_WAIT_SECONDS = 3.0  # DNS over HTTPS while the resolver is down
TRACKING_WAIT_SECONDS = 10.0
TRACKING_CALL_SECONDS = 120.0

# The control plane (ours)
REFUSALS_A_MINUTE_MAX = 120  # refused writes that the activity log takes in a minute
EVENTS_KEPT_MAX = 10_000  # entries of the activity log; Azure keeps 90 days
LIST_PAGE_MAX = 1000  # rows in one page of a listing
SETTLE_ROUNDS_MAX = 16  # how often one row may be settled within one change
CHANGE_ROWS_MAX = 100_000  # rows that one change may touch
DELETE_WAIT_SECONDS = 2.0  # how long a DELETE that cannot answer asynchronously waits until what it withdraws is gone
RETRY_AFTER_SECONDS = 1
RETRY_AFTER_MILLISECONDS = 200

# Tracking (learn.microsoft.com/azure/machine-learning/resource-limits-capacity, unless said)
EXPERIMENT_NAME_LENGTH_MAX = 255
EXPERIMENT_TAG_KEY_LENGTH_MAX = 250
RUN_ID_LENGTH_MAX = 255
RUN_NAME_LENGTH_MAX = 256
DESCRIPTION_LENGTH_MAX = 5000
TAGS_MAX = 50
TAG_KEY_LENGTH_MAX = 100
TAG_VALUE_LENGTH_MAX = 1000
METRIC_NAME_LENGTH_MAX = 255
METRIC_COLUMNS_MAX = 15
WARNINGS_PER_RUN_MAX = 100  # ours; the oldest go
TRACKING_PAGE_MAX = 1000  # ours: experiments, runs or metric names in one answer
METRIC_PAGE_ROWS_MAX = 5000  # ours: rows of one metric in one answer
METRIC_PAGE_BYTES_MAX = 8 * 1024 * 1024  # ours: the same, in bytes
RUNS_PER_BATCH_MAX = 1000  # ours: runs or events in one request
FILTER_LENGTH_MAX = 32_768  # ours
FILTER_COMPARISONS_MAX = 200  # ours; SQLite refuses expressions deeper than 1000
FILTER_DEPTH_MAX = 32  # ours
TRACKING_STORES_OPEN_MAX = 32  # ours: workspaces whose databases are open at once
TRACKING_THREADS = 8  # ours: store calls under way at once
