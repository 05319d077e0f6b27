"""The source `files` and the command `digits start` of the package digits."""

from digits.sources import Source
from image_layouts.pipeline.doubtful_images import find_doubtful_images
from image_layouts.pipeline.new_images import open_new_images
from image_layouts.pipeline.own_files import open_files

source = Source(
    open_files,
    is_path=True,
    open_new=open_new_images,
    find_doubtful_images=find_doubtful_images,
)
