"""`python -m flowrun …` is the binary `flowrun …`."""

from __future__ import annotations

import os
import sys

from ._binary import find_binary
from ._errors import FlowrunError


def main() -> None:
    """Becomes the binary."""
    try:
        binary = find_binary()
    except FlowrunError as error:
        sys.exit(f"error: {error}")
    os.execv(binary, [binary, *sys.argv[1:]])


if __name__ == "__main__":
    main()
