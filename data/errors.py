"""The one exception a user sees as a single line."""


class StancewireError(Exception):
    """Bad input or a missing part: the message says what, where and how to mend it, on one line."""


class MissingExtraError(StancewireError, ImportError):
    """A feature whose optional dependencies are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the '{extra}' extra. Install it with: pip install 'stancewire[{extra}]'")
