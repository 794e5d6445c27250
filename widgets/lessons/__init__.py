"""The controls of single lessons, each with its model."""
