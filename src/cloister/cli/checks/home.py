"""Checks of CLOISTER_HOME: its path, room, openness, port and certificate."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from cloister.cli import host_port as ports
from cloister.cli import keeping
from cloister.cli.checks import BAD, GOOD, WARNING, Finding
from cloister.cli.up import UNIX_PATH_MAX
from cloister.home import Home

DISK_BYTES_MIN = 512 * 1024 * 1024
FILES_MIN = 10_000  # inodes
CERTIFICATE_SECONDS_MIN = 7 * 86400


def folder(home: Home) -> Iterator[Finding]:
    """Short enough for sockets' paths (unix(7)), and ours alone."""
    longest = max(len(os.fsencode(home.socket(name))) for name in ("resolver", "tracking"))
    if longest > UNIX_PATH_MAX:
        text = f"{home.root}: socket paths would have {longest} bytes, the kernel allows {UNIX_PATH_MAX}"
        yield Finding("home", BAD, text, "set CLOISTER_HOME to a shorter folder")
        return
    existing = _existing(home)
    if not os.access(existing, os.W_OK):
        yield Finding("home", BAD, f"{existing} cannot be written", "set CLOISTER_HOME to a folder of your own")
        return
    if not home.root.exists():
        yield Finding("home", GOOD, f"{home.root}: not there yet")
        return
    found = home.root.stat()
    if found.st_uid != os.geteuid():
        text = f"{home.root} belongs to uid {found.st_uid}, and this is uid {os.geteuid()}"
        yield Finding("home", WARNING, text, "run commands as the user who started the cloud, or set another CLOISTER_HOME")
    elif found.st_mode & 0o077:
        yield Finding("home", WARNING, f"{home.root} is open to others", f"chmod 700 {home.root}")
    else:
        yield Finding("home", GOOD, f"{home.root}: sockets' paths have at most {longest} of {UNIX_PATH_MAX} bytes")


def disk(home: Home) -> Iterator[Finding]:
    """Room for rows and runs: bytes and files."""
    existing = _existing(home)
    free, files = shutil.disk_usage(existing).free, os.statvfs(existing)
    few = free < DISK_BYTES_MIN or (files.f_files and files.f_favail < FILES_MIN)
    text = f"{free // (1024 * 1024)} MiB and {files.f_favail} files free at {existing}"
    yield Finding("disk", WARNING if few else GOOD, text, "make room: rows and runs are kept there" if few else "")


def host_port(home: Home) -> Iterator[Finding]:
    """The loopback port for clients of the host: free while the cloud is down, ours while it is up."""
    port = _facts(home).get("host_port", 0)
    if not port:
        return
    where, advice = f"127.0.0.1:{port}", ports.way_out(home)
    if keeping.keeper_pid(home):
        answers = ports.is_ours(home, port)
        text = "answers with this cloud's certificate" if answers else "does not answer with this cloud's certificate"
        yield Finding("host port", GOOD if answers else BAD, f"{where} {text}", "" if answers else advice)
    elif obstacle := ports.obstacle(port):
        yield Finding("host port", BAD, f"{where} cannot be had: {obstacle}", advice)
    else:
        yield Finding("host port", GOOD, f"{where} is free")


def certificate(home: Home) -> Iterator[Finding]:
    """The cloud's own CA is valid now, and for a while."""
    if not home.ca_file.exists():
        return
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(home.ca_file.read_bytes())
    except (OSError, ValueError) as error:
        advice = "restore it from a copy, or start afresh with 'cloister down --purge'"
        yield Finding("certificate", BAD, f"{home.ca_file} cannot be read: {error}", advice)
        return
    begins, ends = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    stamp = found.not_valid_after_utc.date().isoformat()
    if time.time() < begins:
        yield Finding("certificate", BAD, "the CA's certificate is not valid yet", "set the clock")
    elif time.time() > ends - CERTIFICATE_SECONDS_MIN:
        advice = "move what you need to a new cloud: set another CLOISTER_HOME, or 'cloister down --purge'"
        yield Finding("certificate", BAD if time.time() > ends else WARNING, f"the CA's certificate ends {stamp}", advice)
    else:
        yield Finding("certificate", GOOD, f"the CA is valid until {stamp}")


def _existing(home: Home) -> Path:
    existing = home.root
    while not existing.exists():
        existing = existing.parent
    return existing


def _facts(home: Home) -> dict:
    try:
        return json.loads(home.cloud_file.read_bytes())
    except (OSError, ValueError):
        return {}


CHECKS = (folder, disk, host_port, certificate)
