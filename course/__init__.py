"""What the notebooks import: the models, the data, the measurements and the exercises."""

import sys

# OpenVINO sends its makers a report with each import, and the course promises to use no network. Without this
# package it goes on in silence.
sys.modules.setdefault("openvino_telemetry", None)
