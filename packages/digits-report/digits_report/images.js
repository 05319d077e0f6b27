// Show pictures of mistakes, the most confident first.
const MAX_OF_CELL = 12;
const MAX_OF_SIDE = 24;

// Return figures of mistakes, and how many there are.
const showMistakes = (model, mistakes, most) => {
  const { dataset } = data.models[model];
  const pictures = data.pictures[dataset];
  const shown = mistakes.filter(({ row }) => pictures[row]).slice(0, most);
  const figures = shown.map(({ row, place, description }) => {
    const alt = `Image ${row} of ${dataset}`;
    const image = make("img", { className: "tile", src: pictures[row], alt });
    const number = make("small", {}, place);
    return make("figure", {}, image, make("figcaption", {}, description, make("br"), number));
  });
  const note = shown.length < mistakes.length ? `, the ${shown.length} most confident` : "";
  const gallery = make("div", { className: "gallery" }, ...figures);
  return { gallery, count: `: ${mistakes.length}${note}` };
};

// Make the mistakes in the confusion matrix of the test set buttons that show their images.
const addButton = (cell, model, shown, actual, predicted) => {
  const description = `${actual} predicted as ${predicted}`;
  const title = `${cell.textContent}: ${description}`;
  const labels = { title, ariaLabel: title, ariaPressed: "false" };
  const button = make("button", labels, cell.textContent);
  cell.replaceChildren(button);
  button.addEventListener("click", async () => {
    const isPressed = button.ariaPressed === "true";
    for (const other of cell.closest("table").querySelectorAll("button")) {
      other.ariaPressed = "false";
    }
    button.ariaPressed = String(!isPressed);
    shown.replaceChildren();
    if (isPressed) return;
    const mistakes = data.models[model].mistakes.filter(
      (mistake) => mistake.actual === actual && mistake.predicted === predicted,
    );
    const { gallery, count } = showMistakes(model, mistakes, MAX_OF_CELL);
    shown.append(make("p", {}, make("b", {}, description), count), gallery);
    await Promise.all([...shown.querySelectorAll("img")].map((image) => image.decode()));
    shown.scrollIntoView({ block: "nearest" });
  });
};

for (const model of Object.keys(data.models)) {
  const matrix = document.getElementById(`model-${model}`).querySelector(".matrix");
  const shown = make("div", { className: "shown", ariaLive: "polite" });
  matrix.closest("figure").append(shown);
  for (const cell of matrix.querySelectorAll(".mistake")) {
    const actual = cell.parentElement.cells[0].textContent;
    const predicted = matrix.rows[0].cells[cell.cellIndex].textContent;
    addButton(cell, model, shown, actual, predicted);
  }
}
