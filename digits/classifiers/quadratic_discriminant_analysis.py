"""A Gaussian density for each class (quadratic discriminant analysis).

With more than two classes, the scores are the logarithms of each class's density and prior, but for a constant.
"""

DENSITY = True
