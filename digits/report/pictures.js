// Pictures of mistakes: from the sheet of their dataset, the most confident first.
const MOST_OF_CELL = 12;
const MOST_OF_SIDE = 24;

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const places = Object.fromEntries(
  Object.entries(data.sheets).map(([dataset, rows]) => [dataset, new Map(rows.map((row, i) => [row, i]))]),
);

const makeGallery = (experiment, mistakes, most) => {
  const { dataset } = data.experiments[experiment];
  const found = mistakes.filter(([row]) => places[dataset].has(row)).slice(0, most);
  const figures = found.map(([row, , , words]) => {
    const tile = make("span", { className: "tile", role: "img", ariaLabel: `Image ${row} of ${dataset}` });
    tile.dataset.of = dataset;
    const place = places[dataset].get(row);
    tile.style.setProperty("--x", place % data.columns);
    tile.style.setProperty("--y", Math.floor(place / data.columns));
    return make("figure", {}, tile, make("figcaption", {}, words, make("br"), make("small", {}, `row ${row}`)));
  });
  return make("div", { className: "gallery" }, ...figures);
};

// The mistakes that a confusion matrix of the test part counts become buttons.
for (const [name, { mistakes }] of Object.entries(data.experiments)) {
  const matrix = document.getElementById(name).querySelector(".matrix[data-part=test]");
  const shown = make("div", { className: "shown" });
  shown.setAttribute("aria-live", "polite");
  matrix.closest("figure").append(shown);
  const labels = [...matrix.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
  for (const row of matrix.tBodies[0].rows) {
    const actual = row.cells[0].textContent;
    [...row.cells].slice(1).forEach((cell, i) => {
      if (cell.matches(".right") || !parseInt(cell.textContent)) return;
      const title = `${cell.textContent}: ${actual} predicted as ${labels[i]}`;
      const button = make("button", { type: "button", title, ariaLabel: title, ariaPressed: "false" }, ...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const isShown = button.ariaPressed === "true";
        matrix.querySelectorAll("[aria-pressed=true]").forEach((other) => (other.ariaPressed = "false"));
        button.ariaPressed = String(!isShown);
        const ofCell = mistakes.filter(([, one, other]) => one === actual && other === labels[i]);
        const gallery = makeGallery(name, ofCell, MOST_OF_CELL);
        const more = gallery.childElementCount < ofCell.length ? `, the ${gallery.childElementCount} most confident` : "";
        const heading = make("p", {}, make("b", {}, `${actual} predicted as ${labels[i]}`), `: ${ofCell.length}${more}`);
        shown.replaceChildren(...(isShown ? [] : [heading, gallery]));
        shown.scrollIntoView({ block: "nearest" });
      });
    });
  }
}
