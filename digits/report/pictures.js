// Show pictures of mistakes, cut from the sheet of their dataset, the most confident first.
const MAX_OF_CELL = 12;
const MAX_OF_SIDE = 24;

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// The place of each image on the sheet of its dataset, by row number.
const places = {};
for (const [dataset, rows] of Object.entries(data.sheets)) {
  places[dataset] = new Map(rows.map((row, i) => [row, i]));
}

const makeTile = (dataset, row) => {
  const ariaLabel = `Image ${row} of ${dataset}`;
  const tile = make("span", { className: "tile", role: "img", ariaLabel });
  tile.dataset.dataset = dataset;
  const place = places[dataset].get(row);
  tile.style.setProperty("--x", place % data.columns);
  tile.style.setProperty("--y", Math.floor(place / data.columns));
  return tile;
};

const makeGallery = (model, mistakes, most) => {
  const { dataset } = data.models[model];
  const found = mistakes.filter(([row]) => places[dataset].has(row)).slice(0, most);
  const figures = found.map(([row, , , description]) => {
    const number = make("small", {}, `row ${row}`);
    const caption = make("figcaption", {}, description, make("br"), number);
    return make("figure", {}, makeTile(dataset, row), caption);
  });
  return make("div", { className: "gallery" }, ...figures);
};

// Return how many mistakes a gallery shows, if not all.
const countShown = (gallery, mistakes) => {
  const n = gallery.childElementCount;
  return n < mistakes.length ? `, the ${n} most confident` : "";
};

// Make the mistakes in the confusion matrix of the test set buttons that show their images.
const addButton = (cell, model, matrix, shown, actual, predicted) => {
  const description = `${actual} predicted as ${predicted}`;
  const title = `${cell.textContent}: ${description}`;
  const properties = { type: "button", title, ariaLabel: title, ariaPressed: "false" };
  const button = make("button", properties, ...cell.childNodes);
  cell.append(button);
  button.addEventListener("click", () => {
    const isShown = button.ariaPressed === "true";
    for (const other of matrix.querySelectorAll("[aria-pressed=true]")) {
      other.ariaPressed = "false";
    }
    button.ariaPressed = String(!isShown);
    const isOfCell = ([, one, other]) => one === actual && other === predicted;
    const ofCell = data.models[model].mistakes.filter(isOfCell);
    const gallery = makeGallery(model, ofCell, MAX_OF_CELL);
    const count = `: ${ofCell.length}${countShown(gallery, ofCell)}`;
    const heading = make("p", {}, make("b", {}, description), count);
    shown.replaceChildren(...(isShown ? [] : [heading, gallery]));
    shown.scrollIntoView({ block: "nearest" });
  });
};

for (const model of Object.keys(data.models)) {
  const matrix = document.getElementById(model).querySelector(".matrix[data-subset=test]");
  const shown = make("div", { className: "shown", ariaLive: "polite" });
  matrix.closest("figure").append(shown);
  const labels = [...matrix.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
  for (const row of matrix.tBodies[0].rows) {
    const actual = row.cells[0].textContent;
    [...row.cells].slice(1).forEach((cell, i) => {
      const isMistake = !cell.matches(".correct") && parseInt(cell.textContent) > 0;
      if (isMistake) addButton(cell, model, matrix, shown, actual, labels[i]);
    });
  }
}
