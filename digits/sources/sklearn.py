"""The digits that are part of scikit-learn.

They were cut from fourteen forms, which are their groups. A complete form has 130 digits. In
some forms, up to eight digits are missing.
"""

import numpy as np
import pandas as pd

from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import Collection, Source

# The number of digits of each form.
FORM_SIZES = [130, 126, 130, 130, 130, 130, 130, 123, 128, 130, 128, 130, 122, 130]


def read_digits(name: str, dataset: DatasetParams) -> Collection:
    """Return the images of a dataset of scikit-learn.

    Args:
        name: the name of the dataset, which is `digits`.
        dataset: the entry of params.yaml.

    Raises:
        UserError: the dataset has another name.
    """
    from sklearn.datasets import load_digits  # here, because it takes a second

    if name != "digits":
        raise UserError(f"scikit-learn ships no images called {name!r}, only 'digits'")
    bunch = load_digits()
    rows = pd.DataFrame({"class": bunch.target})
    rows["group"] = np.repeat(np.arange(len(FORM_SIZES)), FORM_SIZES)
    return Collection(rows, lambda: [bunch.data])


source = Source(read_digits)
