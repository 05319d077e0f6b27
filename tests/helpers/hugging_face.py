"""Files of pictures, as Hugging Face writes them."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.helpers.digit_files import NAMES, PIXELS


def write_pictures(path: Path, rows: slice, labels: Any) -> None:
    """Write pictures with their labels to a parquet or Arrow file, and create its folder."""
    structs = []
    for pixels in PIXELS[rows]:
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "PNG")
        structs.append({"bytes": content.getvalue(), "path": None})
    table = pa.table({"image": structs, "label": np.asarray(labels, int)})
    info = {"info": {"features": {"label": {"names": NAMES}}}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table, max_chunksize=100)
