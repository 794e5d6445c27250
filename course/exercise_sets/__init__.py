"""A module `lesson_NN` for each lesson, with a list `EXERCISES`; no solution stands in a notebook."""
