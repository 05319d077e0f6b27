"""A reproducible digit-recognition pipeline with DVC and scikit-learn.

Importing this package sets environment variables that NumPy reads when it is loaded. Without
them, the last bits of results would depend on the machine.

- OpenBLAS, which computes NumPy's matrix products, has a kernel for each generation of
  processors, and the kernels round differently. All x86 processors of the last ten years can
  run the kernel that is chosen here. For an older one, set OPENBLAS_CORETYPE yourself.
- NumPy's powers and logarithms for AVX-512 round differently from the others.
- With two threads, a matrix product would be rounded differently than with one. The cores are
  used by fitting several models or folds at a time.
"""

import os
import platform
import time

IMPORT_TIME = time.time()  # the start of this process, for digits/settings/stage.py

os.environ["OPENBLAS_NUM_THREADS"] = "1"
if platform.machine() in {"x86_64", "AMD64"}:
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
