// Return a new element.
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// Draw the charts. Each chart is a definition of `dvc plots` with the tables of one model,
// coloured by subset, or of two models, coloured by model.
const COLORS = ["var(--test)", "var(--cv)"]; // the page's, so that they follow its dark mode

// Return the tables of some models as one CSV text, with the model in the column `rev`.
const joinTables = (kind, names) => {
  const lines = names.map((name) => data.models[name].tables[kind].trimEnd().split("\n"));
  const rows = lines.flatMap(([, ...rows], i) => rows.map((row) => `${row},${names[i]}`));
  return [`${lines[0][0]},rev`, ...rows].join("\n");
};

// Show only the corner of the best values, where the curves of good models lie.
const zoom = (spec, kind, names) => {
  const sides = names.map((name) => data.models[name].corners[kind]);
  if (sides.includes(undefined)) return;
  const side = Math.max(...sides);
  const { encoding, layer } = spec.spec;
  const filters = [encoding.x, encoding.y].map(({ field, scale }) => {
    scale.domain = field === "false_positive_rate" ? [0, side] : [1 - side, 1];
    return { filter: { field, range: scale.domain } };
  });
  layer.at(-1).transform = filters; // the points, which have tooltips
};

// Fill the places of a definition that DVC fills: the data and the colours. The title is omitted
// because the page has its own. Two models have a panel for each subset. The subsets of one model
// are in the same panel, as the revisions are in `dvc plots`.
const fill = (kind, names) => {
  const isOne = names.length === 1;
  const field = isOne ? "of" : "rev";
  const domain = isOne ? ["test set", "cross-validation"] : names;
  const legend = isOne ? null : { title: null };
  const scale = { domain, range: COLORS };
  const color = { field, type: "nominal", sort: null, scale, legend };
  const text = data.definitions[kind]
    .replaceAll('"field": "rev"', `"field": "${field}"`)
    .replaceAll('"revision"', isOne ? '"subset"' : '"model"')
    .replaceAll('"<DVC_METRIC_COLOR>"', JSON.stringify(color));
  const { title, $schema, ...spec } = JSON.parse(text); // Vega would warn of another $schema
  spec.data.values = joinTables(kind, names);
  spec.data.format.type = "csv";
  zoom(spec, kind, names);
  if (!isOne) return spec;
  if (kind === "by_class") {
    spec.facet = { field: "metric", sort: "descending", title: null };
    return spec;
  }
  const { facet, columns, spec: panel, ...rest } = spec;
  return { ...rest, ...panel };
};

// Slant the names of classes, so that long ones do not overlap.
const slant = (spec) => {
  Object.assign(spec.spec.encoding.x.axis, { labelAngle: -40, labelOverlap: false });
};

// Make a chart as wide as its place.
const resize = (spec, width) => {
  const view = spec.spec ?? spec;
  const isSquare = view.width === view.height;
  const columns = spec.facet && width >= 480 ? 2 : 1;
  if (spec.facet) spec.columns = columns;
  view.width = Math.floor(Math.min(width / columns - 85, 560));
  const height = Math.max(180, Math.floor(view.width * 0.7));
  view.height = isSquare ? view.width : Math.min(view.height, height);
};

const ink = "currentColor";
const texts = { labelColor: ink, labelFontSize: 12, titleColor: ink, titleFontSize: 12 };
const lines = { domainColor: ink, gridColor: ink, gridOpacity: 0.15, tickColor: ink };
const config = {
  background: "transparent",
  axis: { ...texts, ...lines, labelSeparation: 6, tickOpacity: 0.5, titleFontWeight: "normal" },
  axisX: { labelOverlap: true },
  header: texts,
  legend: { ...texts, orient: "top", columns: 1, labelLimit: 0 },
  text: { color: ink },
  view: { stroke: ink, strokeOpacity: 0.3 },
};
const tooltip = { theme: "page" }; // style.css has its colours
const options = { mode: "vega-lite", config, renderer: "svg", actions: false, tooltip };

const draw = async (place) => {
  const { kind, names } = place.dataset;
  const spec = fill(kind, names.split(" "));
  if (kind === "by_class" && place.closest(".long-names")) slant(spec);
  resize(spec, place.clientWidth);
  // Screen readers read the label of `place`, not the labels that Vega adds.
  const inside = make("div", { ariaHidden: "true" });
  await vegaEmbed(inside, spec, options);
  place.replaceChildren(inside);
};

// Draw a chart when it is unfolded, and again when its width changes.
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const width = target.clientWidth;
    if (width && width !== target.drawnWidth) draw(target);
    target.drawnWidth = width;
  }
});
const observeCharts = (parent) => {
  parent.querySelectorAll(".chart").forEach((place) => observer.observe(place));
};
observeCharts(document);
