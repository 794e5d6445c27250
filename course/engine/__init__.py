"""Who answers: connect(), the embedded model behind it, the meter and the recordings."""
