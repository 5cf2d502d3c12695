"""The fabric on this machine's kernel: network edits in, netlink out, and the way back.

One process, one working thread, no other input than edits (``main.py``). It remembers nothing that it could not read
again: killed at any moment, it finds what holds by looking.

| module | is |
|---|---|
| ``apply.py`` | edits -> kernel, batched; ``mend.py`` for what is there with other values; ``routers.py`` for namespaces |
| ``observe.py`` | kernel -> objects |
| ``objects.py`` | each object as messages, names and indexes chosen; pure |
| ``peers.py`` | links between the routers of peered networks |
| ``routes.py`` ``egress.py`` | user-defined routes; public sources of single machines |
| ``kinds.py`` | how each kind of object is put, dropped and mended |
| ``rulesets.py`` | what a packet may do in each role of namespace, to be read |
| ``namespaces.py`` | descriptors from the keeper, sockets kept open inside |
| ``netlink.py`` ``rtnetlink.py`` ``nftables.py`` ``expressions.py`` ``conntrack.py`` | the wire |

How an object is known as ours: a namespace by the keeper's name for it, a link by its name and the namespace at its
other end (its alias names the owner), a route by its type, place and protocol number 67, an element by the set it is in
in table ``cloister`` (its comment names the owner), a rule by being the one this version would make.

Review notes: a call of the kernel outside this room and the keeper is a bug. A message that only says "is so already"
must not fail an edit. An nftables transaction that fails costs some 10 ms: look first where that is usual. Nothing here
may run in the event loop's thread.
"""
