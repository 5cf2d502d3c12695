"""Ways to control's engine: ``arm_http/`` (ARM's own listings and metadata), ``control_socket.py`` (the unix socket)."""
