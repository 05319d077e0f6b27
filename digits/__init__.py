"""A reproducible digit-recognition pipeline with DVC and scikit-learn.

Importing this package sets the variables below, which decide how NumPy calculates and which NumPy reads when it is
loaded; so it comes before NumPy. It does nothing else.

OpenBLAS, the library behind NumPy's matrix products, has kernels of its own for each generation of processors, and
they round differently: the same training on an older and a newer laptop would give models that differ in the last bits,
and `dvc.lock` with them. So every x86 machine uses the kernel that all of the last ten years can run. Set
`OPENBLAS_CORETYPE` yourself on a machine that is older. NumPy itself has other powers and logarithms for processors
with AVX-512: they are switched off. And each product is computed by one thread, because two give other bytes and no
speed here: the cores are shared among fits and batches.
"""

import os
import platform

os.environ["OPENBLAS_NUM_THREADS"] = "1"
if platform.machine() in {"x86_64", "AMD64"}:
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
