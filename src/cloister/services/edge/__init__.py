"""The edge: every TLS connection on 443 ends here, is asked how it came in, and goes on only where it may.

``hello`` reads the name a client asks for · ``listener`` accepts and chooses the certificate · ``certificates`` keeps them ·
``conversation`` speaks HTTP/1.1 · ``state`` holds what control said (sites, policies, identities, permissions) · ``gates``
is what each request passes · ``refusals`` are the answers of those who may not · ``handover`` brings the others to control
or to a data plane · ``main`` joins them.

The edge has no rights: its sockets come from the keeper, and its state is a snapshot that it can serve while control is
down.
"""
