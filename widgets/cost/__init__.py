"""The cost model, and its view."""
