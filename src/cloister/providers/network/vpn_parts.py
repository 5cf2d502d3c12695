"""What several VPN types have alike: IPsec policies, BGP settings, address spaces.

Source: bicep types microsoft.network 2025-05-01 (IpsecPolicy, TrafficSelectorPolicy, BgpSettings, AddressSpace)
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, string

IPSEC_POLICIES = array(
    obj(
        saLifeTimeSeconds=integer(required=True),
        saDataSizeKilobytes=integer(required=True),
        ipsecEncryption=string(
            "None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256", required=True
        ),
        ipsecIntegrity=string("MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256", required=True),
        ikeEncryption=string("DES", "DES3", "AES128", "AES192", "AES256", "GCMAES256", "GCMAES128", required=True),
        ikeIntegrity=string("MD5", "SHA1", "SHA256", "SHA384", "GCMAES256", "GCMAES128", required=True),
        dhGroup=string(
            "None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24", required=True
        ),
        pfsGroup=string("None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFS24", "PFS14", "PFSMM", required=True),
    )
)

TRAFFIC_SELECTORS = array(
    obj(localAddressRanges=array(string(), required=True), remoteAddressRanges=array(string(), required=True))
)

BGP_SETTINGS = obj(
    asn=integer(0, 4294967295),
    bgpPeeringAddress=string(),
    peerWeight=integer(),
    bgpPeeringAddresses=array(
        obj(
            ipconfigurationId=string(),
            defaultBgpIpAddresses=array(anything(), read_only=True),
            customBgpIpAddresses=array(string()),
            tunnelIpAddresses=array(anything(), read_only=True),
        )
    ),
)

ADDRESS_SPACE = obj(
    addressPrefixes=array(string()),
    ipamPoolPrefixAllocations=array(
        obj(pool=anything(), numberOfIpAddresses=string(), allocatedAddressPrefixes=array(anything(), read_only=True))
    ),
)
