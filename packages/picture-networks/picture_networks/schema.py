"""The schema of the key `network` of a dataset.

packages/picture-networks/docs/network.md describes this key for users.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, ValidationError
from pydantic_core import PydanticCustomError

from digits.messages.errors import UserError, check_choice
from digits.settings.params import N_CHANNELS, Entry
from digits.settings.params_file import MAX_SHOWN, describe_error

ONNX = ".onnx"  # the suffix of a network's file
MAX_SIDE = 1_024  # the longest side of a picture that a network takes, in pixels


def check_file(file: str) -> str:
    """Check that the file of a network is in the folder data/, so that DVC can store it."""
    folder, *others = Path(file).parts or [""]
    if folder != "data" or ".." in others or not file.endswith(ONNX):
        raise PydanticCustomError(
            "network_file", "must be an ONNX file in data/, such as data/network.onnx"
        )
    return file


PerColor = Field(min_length=N_CHANNELS, max_length=N_CHANNELS)
PositiveFloat = Annotated[FiniteFloat, Field(gt=0)]


class NetworkFile(Entry):
    """A network that is an ONNX file, and what the file does not say."""

    file: Annotated[str, AfterValidator(check_file)]
    size: Annotated[int, Field(ge=1, le=MAX_SIDE)] | None = None
    mean: Annotated[list[FiniteFloat], PerColor] | None = None
    std: Annotated[list[PositiveFloat], PerColor] | None = None


def parse(value: object) -> list[str | NetworkFile]:
    """Return the networks that a value of the key names, each by its name or its ONNX file.

    Raises:
        UserError: the value is not valid. The message describes the first mistake.
    """
    networks = value if isinstance(value, list) else [value]
    if not networks:
        raise UserError("network: must name at least one network, not []")
    return [parse_one(network) for network in networks]


def parse_one(network: object) -> str | NetworkFile:
    """Return the name of a network, or its ONNX file.

    Args:
        network: a name, the path of a file, or a mapping.

    Raises:
        UserError: the value is not valid.
    """
    if isinstance(network, str):
        if "/" not in network and not network.endswith(ONNX):
            return network
        network = {"file": network}
    if not isinstance(network, dict):
        raise UserError(f"network: must be a network, not {repr(network)[:MAX_SHOWN]}")
    for key in network:
        check_choice("network", key, NetworkFile.model_fields)
    try:
        return NetworkFile.model_validate(network)
    except ValidationError as invalid:
        error = invalid.errors()[0]
    where = ".".join(["network", *map(str, error["loc"])])
    if error["type"] == "missing":
        raise UserError(f"{where} is missing")
    raise UserError(f"{where}: {describe_error(error)}")


def parse_files(value: object) -> list[NetworkFile]:
    """Return the networks that are ONNX files.

    Raises:
        UserError: as `parse` does.
    """
    return [network for network in parse(value) if isinstance(network, NetworkFile)]
