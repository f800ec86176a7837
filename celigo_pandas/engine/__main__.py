"""``python -m celigo_pandas.engine``."""

import os
import sys

from celigo_pandas.engine.program.program import main

if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter would wait for threads that wait for a source; the store is closed, so there is nothing to lose.
    os._exit(status)
