"""``python -m celigo_pandas.cli``: the console script where its folder is not on the path."""

from celigo_pandas.cli import main

raise SystemExit(main())
