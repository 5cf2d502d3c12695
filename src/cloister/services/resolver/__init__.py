"""The resolver process: the DNS of every network, over UDP and TCP, in the namespaces that the keeper holds.

Lives here: bytes, sockets, the cache of finished answers, the journal. Never lives here: what a name means (``dns``)
or which names exist (control applies them).
"""
