"""What whoever reads results needs of params.yaml; the stages themselves check the rest of it."""

from digits.common.parameters import Section


class Dataset(Section, extra="allow"):
    """A block of `datasets`: height and width of its images in pixels."""

    shape: list[int]


class Split(Section, extra="allow"):
    """A block of `splits`."""

    dataset: str


class Task(Section, extra="allow"):
    """A block of `tasks`: the digits that are a yes; None where the answer is the digit itself."""

    positive: list[int] | None = None


class Experiment(Section, extra="allow"):
    """A block of `experiments`."""

    description: str
    tutorial: str | None = None
    split: str
    task: str
