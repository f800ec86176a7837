"""``python -m celigo_pandas.engine``."""

import sys

from celigo_pandas.engine.program import main

if __name__ == "__main__":
    sys.exit(main())
