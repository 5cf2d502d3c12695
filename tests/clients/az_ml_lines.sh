#!/usr/bin/env bash
# The article's lines for the first version of az ml, as printed there, with the names filled in.
#
#   cloister exec --from internet -- tests/clients/az_ml_lines.sh
#
# Source: the article's tab "Azure CLI extension 1.0", learn.microsoft.com/azure/machine-learning/v1/how-to-configure-private-link,
# and .../v1/how-to-manage-workspace-cli, .../how-to-configure-network-isolation-with-v2. CLIENTS_GROUP names the group.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv-cli/bin:$PATH AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_ONLY_SHOW_ERRORS=1
GROUP=${CLIENTS_GROUP:-azml}
trap 'echo "failed: line $LINENO: $BASH_COMMAND" >&2' ERR

# expect WANTED COMMAND...: the command's output is WANTED
expect() {
    local got
    got=$("${@:2}" -o tsv)
    [ "$got" = "$1" ] || { echo "failed: '${*:2}' answered '$got' and not '$1'" >&2; exit 1; }
}

az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" >/dev/null
az extension remove -n azure-cli-ml 2>/dev/null || true
az extension add -n azure-cli-ml
az group create -n "$GROUP" -l eastus2 >/dev/null
az network vnet create -g "$GROUP" -n myvnet --subnet-name default >/dev/null
echo "done: extension"

az ml workspace create -r "$GROUP" \
    -l eastus2 \
    -n myworkspace \
    --pe-name myprivateendpoint \
    --pe-auto-approval \
    --pe-resource-group "$GROUP" \
    --pe-vnet-name myvnet \
    --pe-subnet-name default >/dev/null
expect myworkspace az ml workspace show -w myworkspace -g "$GROUP" --query name
expect Approved az ml workspace private-endpoint list -g "$GROUP" -w myworkspace \
    --query '[].privateLinkServiceConnectionState.status'
expect 2 az network private-dns zone list -g "$GROUP" --query 'length(@)'
expect 2 az network private-endpoint dns-zone-group show -g "$GROUP" --endpoint-name myprivateendpoint -n default \
    --query 'length(privateDnsZoneConfigs)'
echo "done: create"

# not approved at once unless asked for
az ml workspace private-endpoint add -w myworkspace -g "$GROUP" --pe-name second --pe-vnet-name myvnet >/dev/null
az ml workspace private-endpoint add -w myworkspace -g "$GROUP" --pe-name third --pe-auto-approval --pe-vnet-name myvnet >/dev/null
state=privateLinkServiceConnectionState.status
expect 1 az ml workspace private-endpoint list -g "$GROUP" -w myworkspace --query "length([?$state=='Pending'])"
expect 2 az ml workspace private-endpoint list -g "$GROUP" -w myworkspace --query "length([?$state=='Approved'])"
echo "done: add"

for name in $(az ml workspace private-endpoint list -g "$GROUP" -w myworkspace --query '[].name' -o tsv); do
    az ml workspace private-endpoint delete -w myworkspace -g "$GROUP" --pe-connection-name "$name"
done
expect 0 az ml workspace private-endpoint list -g "$GROUP" -w myworkspace --query 'length(@)'
echo "done: delete of connections"

az ml workspace update -w myworkspace -g "$GROUP" --allow-public-access true >/dev/null
expect true az ml workspace show -w myworkspace -g "$GROUP" --query allowPublicAccessWhenBehindVnet
az ml workspace update -g "$GROUP" -n myworkspace --v1-legacy-mode False >/dev/null
expect false az ml workspace show -g "$GROUP" -n myworkspace --query v1LegacyMode
expect a az ml workspace update -g "$GROUP" -n myworkspace --tags x=a --friendly-name other --query tags.x
expect myworkspace az ml workspace list -g "$GROUP" --query '[].workspaceName'
echo "done: update"

folder=$(mktemp -d)
printf '{"subscription_id": "%s", "resource_group": "%s", "workspace_name": "myworkspace"}' "$AZURE_SUBSCRIPTION_ID" "$GROUP" \
    >"$folder/config.json"
expect other az ml workspace show --path "$folder" --query friendlyName
rm -r "$folder"
if az ml workspace create -w myworkspace -g "$GROUP" 2>/dev/null; then
    echo "failed: a workspace was made twice" >&2
    exit 1
fi
expect myworkspace az ml workspace create -w myworkspace -g "$GROUP" --exist-ok --query name
az ml workspace delete -w myworkspace -g "$GROUP" --all-resources --yes
expect 0 az ml workspace list -g "$GROUP" --query 'length(@)'
expect 0 az storage account list -g "$GROUP" --query 'length(@)'
az group delete -n "$GROUP" --yes
echo "done: delete"
