"""JavaScript and CSS of the widgets: the folder `STATIC`."""

from pathlib import Path

STATIC = Path(__file__).parent
