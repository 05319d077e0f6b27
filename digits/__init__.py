"""A reproducible digit-recognition pipeline with DVC and scikit-learn.

Importing this package sets the variables below, which NumPy reads when it is loaded, and does nothing else.

OpenBLAS, the library behind NumPy's matrix products, has kernels of its own for each generation of processors, and
they round differently: models, and `dvc.lock`, would differ from laptop to laptop. So every x86 machine uses the kernel
that those of the last ten years can run (set `OPENBLAS_CORETYPE` yourself on an older one), without NumPy's powers and
logarithms for AVX-512. One thread computes each product: two would give other bytes, and fits share the cores already.
"""

import os
import platform

os.environ["OPENBLAS_NUM_THREADS"] = "1"
if platform.machine() in {"x86_64", "AMD64"}:
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
