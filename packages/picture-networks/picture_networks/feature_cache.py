"""Keep the features of pictures, so that no network describes a picture twice.

The features are in the folder `networks` of DVC's cache, which is `.dvc/cache` unless DVC's
setting `cache.dir` names another folder. The folder may be deleted at any time.

There is a file for each picture and network. Its name is the SHA-256 of all that determines the
features: the picture, the network, the code, and the versions of the packages. Its content is
the features, followed by their SHA-256.
"""

from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import digits
from digits.core.files import atomic_write
from digits.messages.errors import UserError

FOLDER = "networks"

N_BYTES_OF_CHECKSUM = 32

# The code that computes features: of the networks, and of how they read pictures.
HERE = Path(__file__).parent
PIPELINE = Path(digits.__file__).parent  # the folder digits/
CODE = [
    *sorted(HERE.glob("**/*.py")),
    PIPELINE / "imaging/pictures.py",
    PIPELINE / "imaging/transforms/border.py",
]
PACKAGES = ["numpy", "pillow", "pi-heif"]


class FeatureCache:
    """The features of pictures that were computed before.

    Attributes:
        folder: the folder of the files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, picture: bytes, network: str) -> bytes | None:
        """Return saved features, or None if there are none, or their file is damaged.

        Args:
            picture: the content of the picture file.
            network: the attribute `identity` of the network, and what else the features depend
                on.
        """
        try:
            content = self.find_path(picture, network).read_bytes()
        except OSError:
            return None
        features = content[:-N_BYTES_OF_CHECKSUM]
        checksum = content[-N_BYTES_OF_CHECKSUM:]
        return features if sha256(features).digest() == checksum else None

    def save(self, picture: bytes, network: str, features: bytes) -> None:
        """Save features. If the folder cannot be written, nothing happens."""
        path = self.find_path(picture, network)
        with suppress(UserError), atomic_write(path) as temporary:
            temporary.write_bytes(features + sha256(features).digest())

    def find_path(self, picture: bytes, network: str) -> Path:
        """Return the path of the file for a picture and a network, which may not exist."""
        digest = sha256(picture).hexdigest()
        name = sha256(f"{network} {compute_code_checksum()} {digest}".encode()).hexdigest()
        return self.folder / name[:2] / name[2:]


@cache
def compute_code_checksum() -> str:
    """Return the SHA-256 of the code that computes features, and of its packages' versions."""
    parts = [sha256(path.read_bytes()).hexdigest() for path in CODE]
    parts += [f"{package} {version(package)}" for package in PACKAGES]
    return sha256("\n".join(parts).encode()).hexdigest()


def open_cache() -> FeatureCache | None:
    """Return the cache of this project, or None if this folder is no project of DVC."""
    from dvc.exceptions import NotDvcRepoError  # here, because it takes half a second
    from dvc.repo import Repo

    try:
        folder = Repo().cache.local_cache_dir
    except NotDvcRepoError:
        return None
    return FeatureCache(Path(folder, FOLDER))
