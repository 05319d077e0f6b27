"""The base of transformers that learn nothing."""

from typing import Any, Self

from digits.io.tables import Pixels

from sklearn.base import BaseEstimator, TransformerMixin


class StatelessTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer that looks at each image by itself, and declares it, so that all folds may share its work."""

    def fit(self, X: Pixels, y: object = None) -> Self:  # noqa: N803
        """Note the width of X, of shape (images, pixels)."""
        self.n_features_in_ = X.shape[1]
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
