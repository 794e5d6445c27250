"""The decision memo."""
