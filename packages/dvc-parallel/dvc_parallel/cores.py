"""The cores that this process may use."""


def count_cores() -> int:
    """Return the number of cores, or less if a container limits them.

    The variable LOKY_MAX_CPU_COUNT limits them, too.
    """
    import joblib  # here, because its import takes as long as all of a run without work

    cores: int = joblib.cpu_count()
    return cores
