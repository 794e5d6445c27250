"""The reader's own task: a CSV of texts and labels through the same ladder as the tickets."""
