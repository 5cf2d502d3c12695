"""Where the cloud keeps its state: ``CLOISTER_HOME``, by default ``~/.cloister``. All files of it are named here.

The directory is 0700 and files with secrets are 0600.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The paths under one ``CLOISTER_HOME``."""

    root: Path

    @classmethod
    def default(cls) -> Home:
        """From the environment, else ``~/.cloister``."""
        return cls(Path(os.environ.get("CLOISTER_HOME") or Path.home() / ".cloister").absolute())

    def make(self) -> None:
        """Make the directories that are missing, readable by their owner only."""
        for path in (self.root, self.run, self.log, self.secrets, self.certificates, self.tracking):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)

    @property
    def run(self) -> Path:
        """Sockets, pid files and snapshots of a running cloud."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def log_file(self) -> Path:
        """The one log of all processes."""
        return self.log / "cloister.log"

    @property
    def secrets(self) -> Path:
        """The CA's key, the token key, the owner's secret: 0600 each."""
        return self.root / "secrets"

    @property
    def certificates(self) -> Path:
        """Leaf certificates with their keys (0600), kept so that the edge can start without control."""
        return self.root / "certificates"

    @property
    def tracking(self) -> Path:
        """The tracking store's databases."""
        return self.root / "tracking"

    @property
    def database(self) -> Path:
        """The store; beside it ``cloister.sqlite.key`` (0600), which its contents are sealed with."""
        return self.root / "cloister.sqlite"

    @property
    def cloud_file(self) -> Path:
        """``cloud.json`` (no secrets): tenant_id, subscription_id, owner client_id, host_port; template_folders (optional)."""
        return self.root / "cloud.json"

    @property
    def ca_file(self) -> Path:
        """The CA's certificate, PEM."""
        return self.root / "ca.pem"

    @property
    def bundle_file(self) -> Path:
        """The system's CAs plus ours: what REQUESTS_CA_BUNDLE and SSL_CERT_FILE point at."""
        return self.root / "ca-bundle.pem"

    @property
    def owner_file(self) -> Path:
        """``secrets/owner.json``: {"client_id", "client_secret", "tenant_id"}, 0600."""
        return self.secrets / "owner.json"

    def socket(self, name: str) -> Path:
        """A process's unix socket, by process name: keeper, fabric, control, edge, resolver, tracking."""
        return self.run / f"{name}.sock"

    def snapshot(self, name: str) -> Path:
        """The last applied objects of ``edge`` or ``resolver``, msgpack, replaced atomically by that process itself."""
        return self.run / f"{name}.snapshot"
