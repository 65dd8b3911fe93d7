"""The issues and recipes that ship with the package."""
