"""Find the digits in a picture, and predict them with a trained model.

- `regions` labels connected pixels for the others.
- `ink` measures the ink, `sheets` finds a sheet on a table, `lines`, `deskew` and `edges`
  remove what is printed or cut off.
- `components` finds the digits, `touching` splits digits that touch, and `normalize` draws each
  as an image of a dataset.
- `recognizer` asks a model, and `likeness` flags what does not resemble the training images.
  The result is a `prediction` for each digit, which `boxes` marks in the picture.
- `collection` keeps drawings, and `source` makes a dataset of them.
"""
