"""The simulation: the fabric's objects held in memory, and the walk of a packet through them.

It objects where the kernel would: an object whose namespace or uplink is not there fails its edit. It serves machines
without network rights and, in tests, as the judge between ``explain`` and the kernel.
"""
