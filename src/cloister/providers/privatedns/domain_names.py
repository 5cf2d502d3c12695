"""What Private DNS accepts as a domain name: a zone's, a record set's, and a record's target.

Source: learn.microsoft.com/azure/dns/private-dns-privatednszone (restrictions) and RFC 1035, 2.3.4 (lengths).
"""

from __future__ import annotations

import re

LABEL_LENGTH_MAX = 63
NAME_LENGTH_MAX = 253

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")


def problem(text: str, *, wildcard: bool = False) -> str:
    """Why ``text`` (a final dot is allowed) is no domain name, as the end of "...: it ", or ``""``.

    ``wildcard`` allows ``*`` as the first label.
    """
    name = text.removesuffix(".")
    if not name:
        return "is empty; give a name such as 'host.contoso.com'"
    if len(name) > NAME_LENGTH_MAX:
        return f"has {len(name)} characters; a domain name may have {NAME_LENGTH_MAX}"
    labels = name.split(".")
    if wildcard and labels[0] == "*":
        labels = labels[1:]
    for label in labels:
        if not _LABEL.fullmatch(label):
            return (
                f"has the label '{label[:80]}'; a label has 1 to {LABEL_LENGTH_MAX} letters, digits, hyphens and underscores"
                + (", and '*' may only stand alone as the first" if "*" in label else "")
            )
    return ""
