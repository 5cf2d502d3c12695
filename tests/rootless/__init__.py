"""A cloud of an ordinary user, and what the processes of any cloud may do."""
