"""Run pieces of code one after another in one interpreter, as a reader would type them.

A program of its own, run by the Python of Microsoft's client environment on a machine of the cloud; standard library only.
Each line of stdin is a JSON string of code. What the code prints goes to stdout as it comes; after each piece one line
``\\x1e{"error": text or ""}`` says that it ended.
"""

import json
import sys
import traceback

MARK = "\x1e"


def main() -> None:
    """Until stdin ends."""
    names = {"__name__": "__main__"}
    for number, line in enumerate(sys.stdin, 1):
        error = ""
        try:
            exec(compile(json.loads(line), f"<step {number}>", "exec"), names)
        except BaseException as problem:
            traceback.print_exc(file=sys.stdout)
            error = f"{type(problem).__name__}: {problem}"
        sys.stderr.flush()
        print(f"\n{MARK}{json.dumps({'error': error})}", flush=True)


if __name__ == "__main__":
    main()
