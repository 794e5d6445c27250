"""The workshop's room: what runs beside the learners' notebooks."""
