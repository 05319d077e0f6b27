"""The pixels as they are, in a sparse matrix, in which stochastic gradient descent skips the zeros."""

import numpy as np
from scipy.sparse import csr_array
from sklearn.preprocessing import FunctionTransformer

STEPS = [("pixels", FunctionTransformer(csr_array, kw_args={"dtype": np.float32}))]
