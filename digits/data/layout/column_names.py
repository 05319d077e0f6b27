"""The names that columns usually have in tables of images."""

import re

# As `normalize_name` returns them.
CLASS_COLUMNS = ["class", "label", "labels", "target", "category", "classname", "classid"]
CLASS_COLUMNS += ["digit", "letter", "character", "symbol"]
GROUP_COLUMNS = ["group", "writer", "patient", "patientid", "subject", "subjectid"]
ID_COLUMNS = ["id", "imageid", "index"]
# If a table has several of these, the first one in this list is taken.
FILE_COLUMNS = ["file", "filename", "filepath", "path", "image", "imagepath", "imagename"]
FILE_COLUMNS += ["img", "images", "picture", *ID_COLUMNS]

# Names of the column in which pandas writes the index. In a CSV file, it has no name.
PANDAS_INDEX = {"", "unnamed: 0", "__index_level_0__"}


def normalize_name(name: str) -> str:
    """Return the name of a column without case, `_`, `-` and blanks: `Image_ID` is `imageid`.

    Names of an index of pandas keep these characters.
    """
    lower = name.strip().lower()
    if lower in PANDAS_INDEX:
        return lower
    return re.sub(r"[\s_-]", "", lower)
