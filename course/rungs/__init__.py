"""The rungs before fine-tuning: prompts, examples, retrieval, tools, skills."""
