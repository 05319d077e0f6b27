"""What every stage shares. Imported before anything else, because it settles how NumPy will calculate.

OpenBLAS, the library behind NumPy's matrix products, has kernels of its own for each generation of processors, and
they round differently: the same training on an older and a newer laptop gives models that differ in the last bits, and
`dvc.lock` with them. So every x86 machine uses the kernel that all of the last ten years can run. Set
`OPENBLAS_CORETYPE` yourself on a machine that is older. And each product is calculated by one thread, because two
give other bytes and no speed here: the cores are shared out among fits and batches.

Imports make no garbage, and looking for it meanwhile is a tenth of their time: the collector is off until `cli.run`, or
whoever imports this without ending there, turns it on again.
"""

import gc
import os
import platform

gc.disable()

os.environ["OPENBLAS_NUM_THREADS"] = "1"
if platform.machine() in {"x86_64", "AMD64"}:
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
