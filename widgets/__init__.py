"""Interactive parts of the lessons: `*_model.py` compute and import no widget library, `*_view.py` draw."""
