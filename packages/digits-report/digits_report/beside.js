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
  select.replaceChildren(...names.map((name) => make("option", {}, name)));
};

const makeRow = (tag, texts) => {
  const cells = texts.map((text) => make(tag, { className: "number" }, text));
  return make("tr", {}, ...cells);
};

const makeTable = (headings, cells) => {
  const head = make("thead", {}, makeRow("th", headings));
  const table = make("table", {}, head, make("tbody", {}, makeRow("td", cells)));
  const region = { className: "wide", role: "region", ariaLabel: "The difference", tabIndex: 0 };
  return make("div", region, table);
};

const makeMetrics = (name) => {
  const metrics = document.getElementById(`model-${name}`).querySelector(".metrics").cloneNode(true);
  const link = make("a", { href: `#model-${name}` }, name);
  return make("section", {}, make("h3", {}, link), metrics);
};

// Show the mistakes of a model that another one does not make.
const makeMistakes = (title, model, other) => {
  const rows = new Set(data.models[other].mistakes.map(({ row }) => row));
  const mistakes = data.models[model].mistakes.filter(({ row }) => !rows.has(row));
  const { gallery, count } = showMistakes(model, mistakes, MAX_OF_SIDE);
  return make("section", {}, make("h3", {}, title + count), gallery);
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
  const [before, after] = [first.value, second.value];
  const { cells, verdict } = data.comparisons[before][after];
  const kinds = Object.keys(TITLES).filter((kind) =>
    [before, after].every((name) => data.models[name].tables[kind]),
  );
  const fixed = makeMistakes(`Test images fixed by ${after}`, before, after);
  const broken = makeMistakes(`Test images broken by ${after}`, after, before);
  const charts = kinds.map((kind) => makeChart(kind, [before, after]));
  result.replaceChildren(
    make("p", {}, make("strong", {}, `${before} → ${after}, ${verdict}.`)),
    makeTable(data.headings, cells),
    make("div", { className: "halves" }, makeMetrics(before), makeMetrics(after)),
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
