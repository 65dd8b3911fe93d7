"""``python -m stancewire.inference`` is the command line."""

from .cli import main

main()
