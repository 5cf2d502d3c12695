"""Who asks: the directory of principals, their secrets, tokens in Entra's shape, and the cloud's own CA.

``directory`` holds principals · ``secrets`` hashes what they prove themselves with · ``tokens`` mints and verifies RS256
tokens · ``ca`` makes certificates · ``http`` answers the login names · ``managed`` gives tokens to machines. All of it runs
inside control, whose key never leaves it; the edge only verifies, with ``tokens.Verifier`` and the keys in ``jwks.json``.
"""
