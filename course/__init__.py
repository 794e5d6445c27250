"""What the notebooks import: the models, the data, the measurements and the exercises."""

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
