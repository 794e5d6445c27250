"""What the notebooks import: the models, the data, the measurements and the exercises."""

import sys
from types import ModuleType
from typing import cast

# OpenVINO sends its makers a report with each import, and the course promises to use no network. Without this
# package it goes on in silence.
cast(dict[str, ModuleType | None], sys.modules).setdefault("openvino_telemetry", None)
