"""`python -m rollway` is `rollway`."""

import sys

from rollway.cli.main import main

sys.exit(main())
