"""The extension index: what az reads, and a wheel that its hash and its RECORD describe."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile

from cloister.ipc.messages import Request


async def asked(cloud, path):
    return await cloud.engine.handle(Request(method="GET", path=path, authority="localhost:8443"))


def test_the_index_leads_to_the_wheel(in_cloud):
    async def work(cloud):
        found = json.loads((await asked(cloud, "/extensions/index.json")).body)
        (offered,) = found["extensions"]["azure-cli-ml"]
        assert offered["downloadUrl"] == f"https://localhost:8443/extensions/{offered['filename']}"
        wheel = (await asked(cloud, f"/extensions/{offered['filename']}")).body
        assert hashlib.sha256(wheel).hexdigest() == offered["sha256Digest"]
        archive = zipfile.ZipFile(io.BytesIO(wheel))
        names = archive.namelist()
        assert "azext_cloister_ml/__init__.py" in names and "azext_cloister_ml/azext_metadata.json" in names
        for line in archive.read(next(name for name in names if name.endswith("/RECORD"))).decode().splitlines():
            name, digest, size = line.split(",")
            if digest:
                content = archive.read(name)
                made = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert (f"sha256={made}", str(len(content))) == (digest, size)
        assert (await asked(cloud, "/extensions/other.whl")).status == 404
        tree = json.loads((await asked(cloud, "/extensions/extensionCommandTree.json")).body)
        assert tree["ml"]["workspace"]["private-endpoint"]["add"] == "azure-cli-ml"

    in_cloud(work)
