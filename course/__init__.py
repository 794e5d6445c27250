"""What the notebooks import: the models, the data, the measurements and the exercises."""
