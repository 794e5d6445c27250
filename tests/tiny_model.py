"""A causal model of 30,000 random weights that reads bytes, for tests of training that take seconds."""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from course.tuning.chats import TrainingChat

TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'][0] }}{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>a{% endif %}"
)

# Like Gemma's: the user and the model speak, and an instruction is an error.
NO_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "<s>{{ message['role'][0] }}{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>a{% endif %}"
)
_SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
_ROTARY = _SIZES | {"intermediate_size": 64, "max_position_embeddings": 128}
FAMILIES: dict[str, Callable[..., PreTrainedConfig]] = {
    "llama": lambda **given: LlamaConfig(**_ROTARY, num_key_value_heads=2, **given),
    "qwen2": lambda **given: Qwen2Config(**_ROTARY, num_key_value_heads=2, **given),
    "gpt-neox": lambda **given: GPTNeoXConfig(**_ROTARY, **given),
    "gemma2": lambda **given: Gemma2Config(**_ROTARY, num_key_value_heads=2, head_dim=8, **given),
    "gpt2": lambda **given: GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=128, **given),
    # Positions as ALiBi: no longest text.
    "bloom": lambda **given: BloomConfig(hidden_size=32, n_layer=2, n_head=4, **given),
}


def write(
    folder: Path, seed: int = 0, family: str = "llama", template: str = TEMPLATE, end: str | None = "</s>"
) -> Path:
    """Write the model and its tokenizer as transformers does, and return the folder."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "</s>", *alphabet])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token=end)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    config = FAMILIES[family](
        vocab_size=len(vocabulary), bos_token_id=0, eos_token_id=1, tie_word_embeddings=True
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def chats(count: int, answers: str = "xy") -> list[TrainingChat]:
    """Chats whose answer is a letter that their text tells."""
    letters = [answers[number % len(answers)] for number in range(count)]
    return [TrainingChat("s", f"{letter * 3} {number}", letter) for number, letter in enumerate(letters)]
