"""What the exercises of lesson 09 call right is what the cost model says."""

import pytest

from course.exercises import lesson_09
from widgets.cost.inputs import load
from widgets.cost.model import bills, break_even_volumes

PAIR = ("prompt", "self_hosted_lora")


def test_the_third_unit_turns_where_the_model_says():
    only_the_invented_costs = dict.fromkeys(
        (
            *(f"case.{name}" for name in ("growth", "decline", "gpu_decline", "error_cost")),
            *(f"{name}.{part}" for name in PAIR for part in ("setup_hours", "upkeep", "examples")),
            *(f"{name}.variable" for name in PAIR),
            *("self_hosted_lora.evaluated", "self_hosted_lora.retrains", "self_hosted_lora.gpu_hours"),
            *("prompt.output", "self_hosted_lora.prefix", "self_hosted_lora.delay"),
        ),
        0,
    )
    invented = load(PAIR).with_values(only_the_invented_costs)
    invented = invented.with_values(
        {
            "prompt.prefix": 1e6 * lesson_09.SAVED_PER_OUTPUT / invented.base()["prompt.input_price"],
            "self_hosted_lora.hosting": lesson_09.UNIT,
            "self_hosted_lora.capacity": lesson_09.CAPACITY,
            "self_hosted_lora.upkeep": lesson_09.UPKEEP / invented.base()["case.rate"],
        }
    )
    crossings = [crossing.at for crossing in break_even_volumes(invented, *PAIR)]
    assert crossings[-2:] == pytest.approx(lesson_09.TURNS_AT)
    assert len(crossings) == 5


def test_named_and_forgotten_are_the_parts_of_a_bill():
    parts = bills(load())["prompt"].parts
    assert lesson_09.NAMED | lesson_09.FORGOTTEN == set(parts)
    assert not lesson_09.NAMED & lesson_09.FORGOTTEN
