"""The formulas at the head of widgets/cost/model.py as a plain loop, for the tests and for the bench."""

from collections.abc import Mapping
from types import ModuleType


def by_hand(values: Mapping[str, float], name: str, months: int, numbers: ModuleType) -> list[float]:
    """$ upfront and of each month; `numbers` is `math` for single values and `numpy` for arrays."""
    case = {key.partition(".")[2]: value for key, value in values.items() if key.startswith("case.")}
    own = {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")}
    training = own["examples"] * own["example_tokens"] * own["epochs"] * own["training_price"] / 1e6
    training = training + own["gpu_hours"] * own["gpu_price"]
    labels = (own["examples"] - case["labels_owned"]) * (own["examples"] > case["labels_owned"])
    paid = labels * (1 - own["labels_in_setup"]) * case["label_cost"] / (1 - case["curation"])
    spent = [case["rate"] * own["setup_hours"] + paid + training]
    calls = own["calls"] * (1 + own["retries"])
    prefix, variable, output = (
        own["token_factor"] * tokens
        for tokens in (own["prefix"], own["variable"], own["output"] + own["thinking"])
    )
    off = 1 - own["batch"] * own["batch_discount"]
    is_long = prefix + variable > own["long_above"]
    cached = own["cached"] * (prefix >= own["cache_minimum"])
    tax = case["tax_hours"] * case["tuned_models"] ** case["tax_power"] / case["tuned_models"]
    hours = own["upkeep"] + own["evaluated"] * tax + own["retrains"] * own["retrain_hours"]
    move = case["rate"] * (own["move_hours"] + own["retrain_hours"]) + training
    for month in range(months):
        volume = case["volume"] * (1 + case["growth"]) ** month
        warm = 1 - numbers.exp(-volume * calls * 5 / (30 * 24 * 60))
        from_cache = warm * own["cached_price"] + (1 - warm) * own["write_price"]
        call = prefix * (cached * from_cache + (1 - cached) * own["input_price"] * off)
        call = (call + variable * own["input_price"] * off) * (1 + is_long * (own["long_input"] - 1))
        call = call + output * own["output_price"] * off * (1 + is_long * (own["long_output"] - 1))
        unit = calls * call / 1e6 * (1 - case["decline"]) ** (month / 12)
        unit = unit + own["error_rate"] * (1 - own["reviewed"] * case["error_caught"]) * case["error_cost"]
        unit = unit + own["reviewed"] * case["review_minutes"] / 60 * case["reviewer_rate"]
        machines = numbers.ceil(volume * own["adapters"] / own["capacity"]) / own["adapters"]
        hosting = machines * own["hosting"] * (1 - case["gpu_decline"]) ** (month / 12)
        left = own["delay"] - month
        waiting = left * (0 < left) * (left < 1) + (left >= 1)
        running = volume * unit + hosting + case["rate"] * hours + own["retrains"] * training
        before = volume * case["rate_now"] * case["error_cost"]
        moved = (numbers.ceil(own["ends_after"]) == month) * move
        spent.append((1 - waiting) * running + waiting * before + moved)
    return spent
