"""The names that columns usually have in tables of images."""

import re

# All names are written as `normalize_name` returns them.
CLASS_COLUMNS = [
    *("class", "label", "labels", "target", "category", "classname", "classid"),
    *("digit", "letter", "character", "symbol"),
    *("klasse", "classe", "clase"),
]
GROUP_COLUMNS = ["group", "writer", "patient", "patientid", "subject", "subjectid"]
ID_COLUMNS = ["id", "imageid", "index"]

# pandas writes the index of a table as a column without a name. `unnamed: 0` is what it calls
# this column when it reads the file again. In a parquet file, the name is the last one.
PANDAS_INDEX = {"", "unnamed: 0", "__index_level_0__"}


def normalize_name(name: str) -> str:
    """Return the name of a column without case, `_`, `-` and blanks: `Image_ID` is `imageid`.

    The names in `PANDAS_INDEX` keep these characters.
    """
    lower = name.strip().lower()
    if lower in PANDAS_INDEX:
        return lower
    return re.sub(r"[\s_-]", "", lower)
