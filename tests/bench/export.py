"""Inspect and promptfoo read what the board exports: `python -m tests.bench.export` (extra `export`, npx).

Both have to find the board's own shares. It measures a board of its own and leaves the reader's alone.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROMPTFOO = "promptfoo@0.121.20"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_RESULTS"] = folder
        from inspect_ai.log import list_eval_logs, read_eval_log

        from course.material import data
        from course.measuring import board, export
        from course.measuring.evaluate import evaluate

        rows = data.lesson_sample()
        board.add(evaluate(rows, lambda row: data.QUEUES[0], name="always the same queue"), lesson="00")
        board.add(evaluate(rows[:20], lambda row: row.queue, name="all right"), lesson="01")
        export.write(board.entries(), Path(folder))
        for info in list_eval_logs(f"{folder}/inspect"):
            log = read_eval_log(info)
            right = [sample.scores["correct"].value for sample in log.samples].count("C")
            assert right == board.get(log.eval.task).right
            print(f"inspect: {log.eval.task}: {right} of {len(log.samples)}")
        settings = {"PROMPTFOO_CONFIG_DIR": folder, "PROMPTFOO_DISABLE_TELEMETRY": "1"}
        for command in (["import", f"{folder}/promptfoo.json"], ["list", "evals"]):
            done = subprocess.run(["npx", "--yes", PROMPTFOO, *command], env=os.environ | settings)
            if done.returncode:
                sys.exit(f"promptfoo {command[0]} failed; its message is above.")


if __name__ == "__main__":
    main()
