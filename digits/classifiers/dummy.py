"""The majority class, always: the baseline."""
