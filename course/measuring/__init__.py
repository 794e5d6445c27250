"""evaluate(), what a result is, the board, and the gap that is left."""
