#!/usr/bin/env bash
# Microsoft's az, as a person types it: the network side of a private workspace, and Resource Manager by hand.
#
#   cloister exec --from internet -- tests/clients/az_lines.sh        (Azure's own names, no setting)
#   eval "$(cloister env)" && tests/clients/az_lines.sh               (from the host: the cloud is registered first)
#
# CLIENTS_GROUP names the group, which is made and deleted; CLIENTS_PARTS the parts to run, all by default. The first line
# that fails, or whose answer is not as expected, ends it and is printed.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv-cli/bin:$PATH AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_OUTPUT=tsv AZURE_CORE_ONLY_SHOW_ERRORS=1
GROUP=${CLIENTS_GROUP:-azlines}
SHORT=${GROUP//-/}
ZONE=privatelink.api.azureml.ms
SCOPE=/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$GROUP
WORKSPACE=$SCOPE/providers/Microsoft.MachineLearningServices/workspaces/work
trap 'echo "failed: line $LINENO: $BASH_COMMAND" >&2' ERR

# expect WANTED COMMAND...: the command's output is WANTED
expect() {
    local got
    got=$("${@:2}")
    [ "$got" = "$1" ] || { echo "failed: '${*:2}' answered '$got' and not '$1'" >&2; exit 1; }
}

login() {
    if [ -n "${ARM_CLOUD_METADATA_URL:-}" ]; then
        # az knows the clouds of ARM_CLOUD_METADATA_URL; registering by hand is what a person does who has not set it
        local host=${ARM_CLOUD_METADATA_URL%%/metadata/*}
        unset ARM_CLOUD_METADATA_URL
        az cloud show -n Local >/dev/null 2>&1 || az cloud register -n Local --endpoint-resource-manager "$host"
        az cloud set -n Local
    fi
    az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" >/dev/null
    expect "$AZURE_SUBSCRIPTION_ID" az account show --query id
    az account list-locations --query '[].name' | grep -qx eastus2
}

group() {
    expect Succeeded az group create -n "$GROUP" -l eastus2 --tags a=b --query properties.provisioningState
    expect c az group update -n "$GROUP" --set tags.a=c --query tags.a
    expect true az group exists -n "$GROUP"
    az group list --query '[].name' | grep -qx "$GROUP"
}

network() {
    expect Succeeded az network vnet create -g "$GROUP" -n net --address-prefixes 10.0.0.0/16 --subnet-name default \
        --subnet-prefixes 10.0.0.0/24 --query newVNet.provisioningState
    expect 10.0.1.0/24 az network vnet subnet create -g "$GROUP" --vnet-name net -n more --address-prefixes 10.0.1.0/24 \
        --query addressPrefix
    expect Disabled az network vnet subnet update -g "$GROUP" --vnet-name net -n default \
        --private-endpoint-network-policies Disabled --query privateEndpointNetworkPolicies
    az network nsg create -g "$GROUP" -n nsg >/dev/null
    expect Allow az network nsg rule create -g "$GROUP" --nsg-name nsg -n https --priority 100 --destination-port-ranges 443 \
        --query access
    az network vnet subnet update -g "$GROUP" --vnet-name net -n more --network-security-group nsg >/dev/null
    expect https az network nsg rule list -g "$GROUP" --nsg-name nsg --query '[].name'
    az network vnet subnet delete -g "$GROUP" --vnet-name net -n more
    az network nsg delete -g "$GROUP" -n nsg
    expect default az network vnet subnet list -g "$GROUP" --vnet-name net --query '[].name'
    expect true az network vnet check-ip-address -g "$GROUP" -n net --ip-address 10.0.0.9 --query available
}

private_dns() {
    expect Succeeded az network private-dns zone create -g "$GROUP" -n "$ZONE" --query provisioningState
    expect Completed az network private-dns link vnet create -g "$GROUP" -z "$ZONE" -n link -v net --registration-enabled false \
        --query virtualNetworkLinkState
    az network private-dns record-set a add-record -g "$GROUP" -z "$ZONE" -n own -a 10.0.0.77 >/dev/null
    expect 10.0.0.77 az network private-dns record-set a show -g "$GROUP" -z "$ZONE" -n own --query 'aRecords[0].ipv4Address'
    az network private-dns record-set a remove-record -g "$GROUP" -z "$ZONE" -n own -a 10.0.0.77 >/dev/null
    expect link az network private-dns link vnet list -g "$GROUP" -z "$ZONE" --query '[].name'
}

accounts() {
    expect Succeeded az storage account create -g "$GROUP" -n "st$SHORT" --sku Standard_LRS --query provisioningState
    expect Disabled az storage account update -g "$GROUP" -n "st$SHORT" --public-network-access Disabled --query publicNetworkAccess
    az storage account keys list -g "$GROUP" -n "st$SHORT" --query '[].keyName' | grep -qx key1
    expect Succeeded az keyvault create -g "$GROUP" -n "kv$SHORT" -l eastus2 --query properties.provisioningState
    expect "kv$SHORT" az keyvault list -g "$GROUP" --query '[].name'
    expect Succeeded az acr create -g "$GROUP" -n "cr$SHORT" --sku Premium --query provisioningState
    expect true az acr update -n "cr$SHORT" --admin-enabled true --query adminUserEnabled
    expect "cr$SHORT.azurecr.io" az acr show -n "cr$SHORT" --query loginServer
}

workspace() {
    local body='{"location":"eastus2","identity":{"type":"SystemAssigned"},"properties":{}}'
    az rest --method put --url "$WORKSPACE?api-version=2024-04-01" --body "$body" >/dev/null
    expect work az resource show --ids "$WORKSPACE" --query name
    expect Succeeded az network private-endpoint create -g "$GROUP" -n pe --vnet-name net --subnet default --group-id amlworkspace \
        --private-connection-resource-id "$WORKSPACE" --connection-name to-work --query provisioningState
    expect Succeeded az network private-endpoint dns-zone-group create -g "$GROUP" --endpoint-name pe -n default \
        --private-dns-zone "$ZONE" --zone-name api --query provisioningState
    az network private-endpoint create -g "$GROUP" -n pe2 --vnet-name net --subnet default --group-id amlworkspace \
        --private-connection-resource-id "$WORKSPACE" --connection-name to-work --manual-request >/dev/null
    local kind=(--type Microsoft.MachineLearningServices/workspaces)
    local of=(-g "$GROUP" -n work "${kind[@]}") about=(-g "$GROUP" --resource-name work "${kind[@]}")
    local state=properties.privateLinkServiceConnectionState.status waiting
    waiting=$(az network private-endpoint-connection list "${of[@]}" --query "[?$state=='Pending'].name")
    expect Approved az network private-endpoint-connection approve "${about[@]}" -n "$waiting" --query "$state"
    az network private-endpoint-connection delete "${about[@]}" -n "$waiting" --yes
    expect 1 az network private-endpoint-connection list "${of[@]}" --query 'length(@)'
    expect amlworkspace az network private-link-resource list "${of[@]}" --query '[].properties.groupId'
    az network private-endpoint delete -g "$GROUP" -n pe2
}

resource() {
    expect Succeeded az resource create -g "$GROUP" -n other --resource-type Microsoft.Network/virtualNetworks \
        --properties '{"addressSpace":{"addressPrefixes":["10.5.0.0/16"]}}' --query properties.provisioningState
    az resource tag -g "$GROUP" -n other --resource-type Microsoft.Network/virtualNetworks --tags x=y >/dev/null
    expect other az resource list --tag x=y --query "[?resourceGroup=='$GROUP'].name"
    az resource delete -g "$GROUP" -n other --resource-type Microsoft.Network/virtualNetworks
    expect Registered az provider show -n Microsoft.MachineLearningServices --query registrationState
    az provider register -n Microsoft.Network
}

role() {
    local principal=11111111-2222-3333-4444-555555555555
    az role assignment create --assignee-object-id $principal --assignee-principal-type ServicePrincipal --role Reader \
        --scope "$SCOPE" >/dev/null
    expect "$SCOPE" az role assignment list --scope "$SCOPE" --query "[?principalId=='$principal'].scope" --fill-principal-name false
    az role assignment delete --ids "$(az role assignment list --scope "$SCOPE" --query "[?principalId=='$principal'].id" \
        --fill-principal-name false)"
    expect BuiltInRole az role definition list --name Contributor --query '[].roleType'
}

deployment() {
    local file
    file=$(mktemp --suffix .json)
    cat >"$file" <<'JSON'
{
  // comments are allowed here
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {"name": {"type": "string"}},
  "resources": [{
    "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[parameters('name')]",
    "location": "[resourceGroup().location]", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}
  }],
  "outputs": {"id": {"type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]"}}
}
JSON
    local about=(-g "$GROUP" -n first --template-file "$file" --parameters name=deployed)
    expect Succeeded az deployment group validate "${about[@]}" --query properties.provisioningState
    expect Succeeded az deployment group create "${about[@]}" --query properties.provisioningState
    expect deployed az network vnet show -g "$GROUP" -n deployed --query name
    expect Succeeded az deployment group show -g "$GROUP" -n first --query properties.provisioningState
    az deployment operation group list -g "$GROUP" -n first --query '[].properties.provisioningOperation' | grep -qx Create
    rm "$file"
}

template_spec() {
    local file id
    file=$(mktemp --suffix .json)
    echo '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "parameters": {"word": {"type": "string"}}, "resources": [],
        "outputs": {"told": {"type": "string", "value": "[parameters('\''word'\'')]"}}}' >"$file"
    az ts create -g "$GROUP" -n spec -v 1.0 -l eastus2 --template-file "$file" --yes >/dev/null
    id=$(az ts show -g "$GROUP" -n spec -v 1.0 --query id)
    expect kept az deployment group create -g "$GROUP" -n by-spec --template-spec "$id" --parameters word=kept \
        --query properties.outputs.told.value
    expect spec az ts list -g "$GROUP" --query '[].name'
    az ts delete -g "$GROUP" -n spec --yes
    rm "$file"
}

what_if() {
    local file
    file=$(mktemp --suffix .json)
    echo '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "resources": []}' >"$file"
    expect Succeeded az deployment group what-if -g "$GROUP" --template-file "$file" --no-pretty-print --query status
    rm "$file"
}

aks() {
    expect Succeeded az aks create -g "$GROUP" -n aks --enable-private-cluster --node-count 3 --no-ssh-key --query provisioningState
    expect aks az aks list -g "$GROUP" --query '[].name'
    az aks delete -g "$GROUP" -n aks --yes
}

delete() {
    az rest --method delete --url "$WORKSPACE?api-version=2024-04-01"
    az group delete -n "$GROUP" --yes
    expect false az group exists -n "$GROUP"
}

for part in ${CLIENTS_PARTS:-login group network private_dns accounts workspace resource role deployment template_spec what_if aks delete}; do
    "$part"
    echo "done: $part"
done
