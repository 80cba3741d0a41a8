"""`python -m kerata`."""

import sys

from kerata.cli import main

sys.exit(main())
