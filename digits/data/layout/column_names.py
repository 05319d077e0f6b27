"""The usual names of columns in tables of images."""

import re

# In lower case, and without `_`, `-` and blanks. Of several file columns, the first one in this
# list is taken.
CLASS_COLUMNS = ["class", "label", "labels", "target", "category", "classname", "classid"]
CLASS_COLUMNS += ["digit", "letter", "character", "symbol"]
GROUP_COLUMNS = ["group", "writer", "patient", "patientid", "subject", "subjectid"]
ID_COLUMNS = ["id", "imageid", "index"]
FILE_COLUMNS = ["file", "filename", "filepath", "path", "image", "imagepath", "imagename"]
FILE_COLUMNS += ["img", "images", "picture", *ID_COLUMNS]

# The index that pandas writes. In a CSV file, its column has no name.
PANDAS_INDEX = {"", "unnamed: 0", "__index_level_0__"}


def normalize_name(name: str) -> str:
    """Return the name of a column in lower case, and without `_`, `-` and blanks.

    The names that pandas gives to an index stay as they are.
    """
    lower = name.strip().lower()
    return lower if lower in PANDAS_INDEX else re.sub(r"[\s_-]", "", lower)
