"""How the cloud's processes speak to each other: framed msgpack over unix sockets, peers checked by uid.

Lives here: frames, the server, the asynchronous and the blocking client. Never lives here: what is said
(``net/desired/`` and ``ipc/messages.py``), or rules.
"""
