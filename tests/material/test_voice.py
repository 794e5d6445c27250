"""The pairs of the house voice have the form that their guide asks for, and no two splits share one."""

import re

import pytest

from course.errors import CourseError
from course.material import voice

PAIRS = {split: voice.pairs(split) for split in voice.SPLITS}
EVERY = [pair for pairs in PAIRS.values() for pair in pairs]


def test_the_splits_have_the_sizes_on_the_card_and_share_nothing():
    assert [len(PAIRS[split]) for split in ("train", "dev", "test")] == [332, 36, 108]
    for field in ("id", "note", "reply"):
        assert len({getattr(pair, field) for pair in EVERY}) == len(EVERY)


def test_the_guide_numbers_fifteen_rules_and_an_unknown_split_is_named():
    assert re.findall(r"(?m)^(\d+)\. ", voice.guide()) == [str(number) for number in range(1, 16)]
    assert voice.CLOSING in voice.guide()
    with pytest.raises(CourseError, match="'stream'; use one of train, dev, test"):
        voice.pairs("stream")
