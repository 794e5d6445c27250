"""The first requests of a kernel may come from many threads at once."""

import subprocess
import sys

ASK = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from course.llm import connect

client, model = connect(mode="local")
together = Barrier(8)

def ask(number):
    together.wait()
    turns = [{"role": "user", "content": f"Say {number}."}]
    return client.messages.create(model=model, max_tokens=2, messages=turns).stop_reason

with ThreadPoolExecutor(8) as pool:
    print(len(list(pool.map(ask, range(8)))), "answered")
"""


def test_eight_threads_that_ask_first_and_together_are_all_answered(results_dir):
    """Without the array that `connect` asks for first, this stood still in about every second run."""
    run = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=90)
    assert "8 answered" in run.stdout, run.stderr
