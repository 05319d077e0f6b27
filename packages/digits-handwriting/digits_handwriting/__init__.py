"""Find the digits in a picture, and predict them with a trained model.

- `sheets` straightens a sheet on a table, `ink` measures the ink, and `lines` turns the page
  and removes what is printed. `components` calls them, and groups what is left into digits. All
  are built on scikit-image and SciPy. `regions` has their common types.
- `touching` splits digits that touch, and `normalize` draws each as an image of a dataset.
- `recognizer` asks a model, and `novelty` flags what does not resemble the training images.
  The result is a `prediction` for each digit, which `boxes` marks in the picture.
- `drawings` keeps drawings, and `source` makes a dataset of them.
"""
