// Show two models of one task side by side: the comparison of their accuracies, their metrics,
// their curves, and the images that only one of them predicts correctly.
const beside = document.getElementById("beside");
const [first, second] = beside.querySelectorAll("select");
const result = beside.querySelector(".result");

const TITLES = {
  by_class: "Recall and precision of each class",
  roc: "ROC curves",
  precision_recall: "Precision and recall",
  reliability: "Reliability",
};

const addOptions = (select, names) => {
  select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
};

const makeRow = (tag, texts) => {
  const scope = tag === "th" ? { scope: "col" } : {};
  const cells = texts.map((text) => make(tag, { className: "number", ...scope }, text));
  return make("tr", {}, ...cells);
};

const makeTable = (headings, cells) => {
  const head = make("thead", {}, makeRow("th", headings));
  const body = make("tbody", {}, makeRow("td", cells));
  const table = make("table", {}, head, body);
  const region = { role: "region", ariaLabel: "The difference" };
  return make("div", { className: "wide", tabIndex: 0, ...region }, table);
};

const makeSide = (words, model, mistakes) => {
  const gallery = makeGallery(model, mistakes, MAX_OF_SIDE);
  const heading = `${words}: ${mistakes.length}${countShown(gallery, mistakes)}`;
  return make("section", {}, make("h3", {}, heading), gallery);
};

const makeMetrics = (name) => {
  const metrics = document.getElementById(name).querySelector(".metrics").cloneNode(true);
  const link = make("a", { href: `#${name}` }, name);
  return make("section", {}, make("h3", {}, link), metrics);
};

const makeChart = (kind, names) => {
  const title = TITLES[kind];
  const ariaLabel = `${title} of ${names.join(" and ")}`;
  const place = make("div", { className: "chart", role: "img", ariaLabel });
  Object.assign(place.dataset, { kind, names: names.join(" ") });
  const caption = make("figcaption", {}, `${title}.`);
  return make("figure", { className: kind === "by_class" ? "full" : "" }, place, caption);
};

const compare = () => {
  const pair = [first.value, second.value];
  const { cells, verdict } = data.comparisons[pair[0]][pair[1]];
  const [before, after] = pair.map((name) => data.models[name].mistakes);
  const without = (mistakes, others) => {
    const rows = new Set(others.map(([row]) => row));
    return mistakes.filter(([row]) => !rows.has(row));
  };
  const kinds = Object.keys(TITLES).filter((kind) =>
    pair.every((name) => data.models[name].tables[kind]),
  );
  const fixed = makeSide(`Test images fixed by ${pair[1]}`, pair[0], without(before, after));
  const broken = makeSide(`Test images broken by ${pair[1]}`, pair[1], without(after, before));
  const charts = kinds.map((kind) => makeChart(kind, pair));
  result.replaceChildren(
    make("p", {}, make("strong", {}, `${pair.join(" → ")}, ${verdict}.`)),
    makeTable(data.headings, cells),
    make("div", { className: "halves" }, ...pair.map(makeMetrics)),
    make("div", { className: "halves" }, fixed, broken),
    make("div", { className: "figures" }, ...charts),
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
  beside.hidden = false;
  document.querySelector("nav [href='#beside']").hidden = false;
}
