"""The digits that are part of scikit-learn.

They were cut from fourteen forms, which are their groups. Each form has the digits 0 to 9 three
times, then 0 9 5 5 6 5 0. A few of them are missing.
"""

import re

from digits.core.errors import UserError
from digits.core.params import DatasetParams
from digits.core.tables import Vector
from digits.data.sources import images

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

LOCAL = True
DIGITS_OF_FORM = re.compile("(0?1?2?3?4?5?6?7?8?9?){3}0955650")


def read(place: str, dataset: DatasetParams) -> pd.DataFrame:
    """Return the images of a dataset of scikit-learn.

    Args:
        place: the name of the dataset, which is `digits`.
        dataset: the entry of params.yaml.

    Raises:
        UserError: the dataset has another name.
    """
    if place != "digits":
        raise UserError(f"scikit-learn ships no images called {place!r}, only 'digits'")
    bunch = load_digits()
    groups = number_forms(bunch.target)
    return images(dataset, bunch.data, bunch.target, groups=groups)


def number_forms(classes: Vector) -> Vector:
    """Return the number of the form, from 0, that each digit was cut from, shape (n_images,).

    Args:
        classes: the digits in their order, shape (n_images,).
    """
    text = "".join(str(digit) for digit in classes)
    is_first_of_form = np.zeros(len(classes), dtype=np.uint32)
    for form in DIGITS_OF_FORM.finditer(text):
        is_first_of_form[form.start()] = 1
    return np.cumsum(is_first_of_form, dtype=np.uint32) - 1
