"""What the notebooks import: the models, the data, the measurements and the exercises."""

import os
import platform
import sys
from types import ModuleType
from typing import cast

_modules = cast(dict[str, ModuleType | None], sys.modules)
# OpenVINO reports each import to its makers, and the course promises to use no network. Without this
# package it reports nothing.
_modules.setdefault("openvino_telemetry", None)
# jsonschema imports a parser of addresses for "format", which the course does not check. That takes longer
# than everything else that a lesson imports.
_modules.setdefault("rfc3987_syntax", None)
# The sums of a regression are too small to share: each core would be kept busy with waiting, and training a
# head would take three times the CPU time. numpy reads this when it is first imported. Elsewhere than on x86,
# PyTorch may train with OpenBLAS too.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
