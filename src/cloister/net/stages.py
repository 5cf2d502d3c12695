"""STAGES: what a packet passes, in Azure's order. Each stage has its function in ``explain`` and in each compiler.

Source: learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works,
virtual-networks-udr-overview, private-link/disable-private-endpoint-network-policy.
"""

STAGES = (
    "name",  # the asker's resolver: private zones first, then the public names
    "outbound",  # the rules of the sending NIC's network security group, then of its subnet's
    "route",  # the source network's routes: own prefixes, an endpoint's /32, the cloud's public addresses
    "inbound",  # the rules of the receiving subnet's group, then of its NIC's; of an endpoint's subnet where policies say so
    "endpoint",  # an endpoint's connection must be Approved
    "listener",  # a service, or a machine, must be there and the port given to it
    "edge",  # the resource behind the name: one endpoint leads to one resource; public access
)
