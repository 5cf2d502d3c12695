"""An extension for Microsoft's az: the commands ``az ml workspace`` with the options of its first version.

Lives here: the folder ``azext_cloister_ml``, which az imports once the extension is installed. Never lives here: anything
of the cloud; the extension speaks to Resource Manager as any client. ``cloister/frontends/arm_http/extensions.py`` packs it
as a wheel and offers it. To add a command: a function in ``azext_cloister_ml/commands.py``, a line in its ``__init__.py``.
"""
