"""Microsoft.Compute/sshPublicKeys: public keys for machines. Stored.

Source: learn.microsoft.com/rest/api/compute/ssh-public-keys/create
"""

from __future__ import annotations

from cloister.arm.schema import obj, string
from cloister.providers.compute.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Compute/sshPublicKeys"

PROPERTIES = obj(publicKey=string())

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no key pair is generated")
