"""What listens: the edge, the identity service inside control, the resolver, the tracking store.

Services import neither control nor providers: they know what control told them, and serve while it is down.
"""
