"""The keeper: the one process that must not die. It holds what would die with its last holder, and starts the rest.

It holds anonymous network namespaces by descriptor, listening sockets made inside them, and the cloud's other
processes, which it starts again when they die. It knows nothing of networks or resources and imports only the
standard library.

Protocol of ``keeper.sock`` (SOCK_SEQPACKET, mode 0600, peers of the same uid or root only): one JSON object a
datagram, one answer for each, descriptors by SCM_RIGHTS. An answer is ``{"ok": true, ...}`` or
``{"ok": false, "error": "cannot ..."}``.

| request | answer |
|---|---|
| ``{"op": "namespace", "name": N, "create": true}`` | ``{"created": bool}`` and the descriptor; made unless it is there or ``create`` is false |
| ``{"op": "namespaces", "after": N?}`` | ``{"names": [...], "more": bool}``, sorted; ``after`` asks for the next page |
| ``{"op": "drop", "name": N}`` | ``{"dropped": bool}``: lets go of the namespace and of all sockets in it |
| ``{"op": "socket", "name": S, "namespace": N or null, "type": "tcp", "udp" or "out", "address": A, "port": P}`` | ``{"created": bool}`` and the descriptor; made once, non-blocking; tcp and udp are bound (IP_FREEBIND), tcp listens, out is neither: who asked connects it and drops it here; null is the host |
| ``{"op": "drop_socket", "name": S}`` | ``{"dropped": bool}`` |
| ``{"op": "sockets", "after": S?}`` | ``{"sockets": [{"name", "namespace", "type", "address", "port"}], "more": bool}``, as above |
| ``{"op": "start", "name": C}`` | ``{"pid": int}``: starts a child known from the table unless it runs |
| ``{"op": "children"}`` | ``{"children": [{"name", "pid", "restarts", "since"}]}``; pid 0: not running; since: Unix time |
| ``{"op": "ping"}`` | ``{"pid": int}`` of the keeper |
| ``{"op": "user"}`` | ``{"own": bool}`` and, where true, the descriptor of the user namespace that owns all of the above |
| ``{"op": "stop"}`` | at once; then children are ended, everything is let go, and the connection ends with the keeper |
"""  # noqa: E501
