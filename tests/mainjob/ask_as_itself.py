"""Run by Microsoft's Python on a machine: gets a token by ManagedIdentityCredential and reads the group in argv[1] with it."""

from __future__ import annotations

import base64
import json
import ssl
import sys
import urllib.error
import urllib.request

from azure.identity import ManagedIdentityCredential

token = ManagedIdentityCredential().get_token("https://management.azure.com/.default").token
said = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
url = f"https://management.azure.com{sys.argv[1]}?api-version=2022-09-01"
asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
try:
    with urllib.request.urlopen(asked, context=ssl.create_default_context(), timeout=20) as answer:
        told = {"status": answer.status, "name": json.load(answer)["name"]}
except urllib.error.HTTPError as error:
    told = {"status": error.code}
print(json.dumps({"oid": said["oid"], **told}))
