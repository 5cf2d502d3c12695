"""Why: flow -> trace. Reads the same intent as the compilers and shares no matching code with them."""
