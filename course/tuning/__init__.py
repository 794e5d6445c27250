"""Fine-tuning: the data and its checks, training, adapters, and what comes after."""
