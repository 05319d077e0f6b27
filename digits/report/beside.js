// Two experiments of one task side by side: the comparison of their accuracies, their figures, curves and images.
const beside = document.getElementById("beside");
const [first, second] = beside.querySelectorAll("select");
const result = beside.querySelector(".result");

const addOptions = (select, names) => select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));

const makeSide = (words, experiment, mistakes) => {
  const gallery = makeGallery(experiment, mistakes, MOST_OF_SIDE);
  const more = gallery.childElementCount < mistakes.length ? `, the ${gallery.childElementCount} most confident` : "";
  return make("section", {}, make("h3", {}, `${words}: ${mistakes.length}${more}`), gallery);
};

const makeMeasures = (name) => {
  const measures = document.getElementById(name).querySelector(".measures").cloneNode(true);
  const link = make("a", { href: `#${name}` }, name);
  return make("section", {}, make("h3", {}, link), measures);
};

const makeChart = (kind, title, names) => {
  const place = make("div", { className: "chart", role: "img", ariaLabel: `${title} of ${names.join(" and ")}` });
  Object.assign(place.dataset, { kind, names: names.join(" ") });
  return make("figure", { className: kind === "by_class" ? "full" : "" }, place, make("figcaption", {}, `${title}.`));
};

const TITLES = {
  by_class: "Recall and precision of each class",
  roc: "ROC curves",
  precision_recall: "Precision and recall",
  reliability: "Reliability",
};

const compare = () => {
  const pair = [first.value, second.value];
  const { cells, verdict } = data.comparisons[pair[0]][pair[1]];
  const [a, b] = pair.map((name) => data.experiments[name].mistakes);
  const without = (mistakes, others) => {
    const rows = new Set(others.map(([row]) => row));
    return mistakes.filter(([row]) => !rows.has(row));
  };
  const heading = make("tr", {}, ...data.heading.map((text) => make("th", { scope: "col", className: "number" }, text)));
  const values = make("tr", {}, ...cells.map((text) => make("td", { className: "number" }, text)));
  const table = make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: "The change" },
    make("table", {}, make("thead", {}, heading), make("tbody", {}, values)));
  const kinds = Object.keys(TITLES).filter((kind) => pair.every((name) => data.experiments[name].tables[kind]));
  result.replaceChildren(
    make("p", {}, make("strong", {}, `${pair.join(" → ")}, ${verdict}.`)),
    table,
    make("div", { className: "halves" }, ...pair.map(makeMeasures)),
    make("div", { className: "halves" },
      makeSide(`Test images fixed by ${pair[1]}`, pair[0], without(a, b)),
      makeSide(`Test images broken by ${pair[1]}`, pair[1], without(b, a))),
    make("div", { className: "figures" }, ...kinds.map((kind) => makeChart(kind, TITLES[kind], pair))),
  );
  observeCharts(result);
};

const names = Object.keys(data.comparisons);
const chooseFirst = () => addOptions(second, Object.keys(data.comparisons[first.value]));
first.addEventListener("change", chooseFirst);
beside.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  compare();
});
if (names.length) {
  addOptions(first, names);
  chooseFirst();
  beside.hidden = document.querySelector("nav [href='#beside']").hidden = false;
}
