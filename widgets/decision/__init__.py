"""The decision model, and its view."""
