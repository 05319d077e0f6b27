"""Make NumPy's results the same on every machine."""

import os
import platform


def fix_rounding() -> None:
    """Set environment variables that NumPy reads. Call this before NumPy is imported.

    Without them, the last bits of results would depend on the machine. What a model learns is
    rounded in addition (digits/learning/rounding.py).

    - OpenBLAS, which computes NumPy's matrix products, has a kernel for each generation of
      processors, and the kernels round differently. Every x86 processor with AVX2 can run the
      kernel Haswell, and every ARM processor ARMV8. For an x86 processor without AVX2, set
      OPENBLAS_CORETYPE yourself.
    - NumPy's AVX-512 versions of `power` and `log` round differently from its other versions.
    - A matrix product rounds differently with two threads than with one. This overrides the
      user's value: models and folds already run in parallel.
    """
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if platform.machine() in {"x86_64", "AMD64"}:
        os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
    elif platform.machine() in {"aarch64", "arm64"}:
        os.environ.setdefault("OPENBLAS_CORETYPE", "ARMV8")
