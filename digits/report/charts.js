// Draw the charts. Each chart is a definition of `dvc plots` with the tables of one model,
// coloured by subset, or of two models, coloured by model. A chart is drawn when it is about to
// be seen, or when the page is printed.
const unpack = async (id) => {
  const text = atob(document.getElementById(id).textContent);
  const packed = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
};
const data = JSON.parse(await unpack("data"));

const vega = (async () => {
  const script = new Blob([await unpack("vega")], { type: "text/javascript" });
  await import(URL.createObjectURL(script));
  return window.vegaEmbed;
})();

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const readTable = (name, kind) => {
  const [header, ...rows] = data.models[name].tables[kind];
  return rows.map((row) => {
    const cells = header.map((column, i) => [column, row[i]]);
    return { rev: name, ...Object.fromEntries(cells) };
  });
};

// Fill the places of a definition that DVC fills: the data and the colours. The title is
// omitted because the page has its own.
const fill = (kind, names) => {
  const range = [css("--test"), css("--cv")];
  const color = { type: "nominal", sort: null };
  if (names.length === 1) {
    const domain = ["test", "cross_validation"];
    Object.assign(color, { field: "subset", scale: { domain, range }, legend: null });
  } else {
    const legend = { title: null };
    Object.assign(color, { field: "rev", scale: { domain: names, range }, legend });
  }
  const spec = JSON.parse(JSON.stringify(data.definitions[kind]), (_, value) => {
    if (value === "<DVC_METRIC_COLOR>") return color;
    if (value?.title === "revision") value.title = "model";
    return value;
  });
  spec.data.values = names.flatMap((name) => readTable(name, kind));
  delete spec.title;
  delete spec.$schema; // Vega would warn that it is of another version
  return spec;
};

const draw = async (place) => {
  const spec = fill(place.dataset.kind, place.dataset.names.split(" "));
  spec.columns = place.clientWidth < 480 ? 1 : 2;
  const isSquare = spec.spec.width === spec.spec.height;
  spec.spec.width = Math.floor(Math.min(place.clientWidth / spec.columns - 85, 560));
  const height = Math.max(180, Math.floor(spec.spec.width * 0.7));
  spec.spec.height = isSquare ? spec.spec.width : Math.min(spec.spec.height, height);
  const ink = css("--text");
  const words = {
    labelColor: ink,
    titleColor: ink,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
  };
  const lines = {
    labelSeparation: 6,
    gridColor: ink,
    domainColor: ink,
    tickColor: ink,
    gridOpacity: 0.15,
    tickOpacity: 0.5,
  };
  const config = {
    background: "transparent",
    axis: { ...words, ...lines },
    axisX: { labelOverlap: true },
    header: words,
    legend: { ...words, orient: "top", labelLimit: 0 },
    view: { stroke: ink, strokeOpacity: 0.3 },
  };
  const tooltip = { theme: scheme.matches ? "dark" : "light" };
  const options = { mode: "vega-lite", config, renderer: "svg", actions: false, tooltip };
  // Screen readers read the label of `place`, not the labels that Vega adds.
  const inside = make("div", { ariaHidden: "true" });
  const embed = await vega;
  const drawn = await embed(inside, spec, options);
  place.drawn?.finalize();
  Object.assign(place, { drawn, width: place.clientWidth }).replaceChildren(inside);
};

const scheme = matchMedia("(prefers-color-scheme: dark)");
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      observer.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "400px" },
);
const observeCharts = (parent) => {
  parent.querySelectorAll(".chart").forEach((place) => observer.observe(place));
};
observeCharts(document);
addEventListener("beforeprint", () => {
  document.querySelectorAll(".chart").forEach((place) => place.drawn ?? draw(place));
});

// Draw the charts again, when they are seen, if the colours or the width of the page change.
const redraw = (isStale) => {
  const drawn = [...document.querySelectorAll(".chart")].filter((place) => place.drawn);
  drawn.filter(isStale).forEach((place) => observer.observe(place));
};
scheme.addEventListener("change", () => redraw(() => true));
addEventListener("resize", () => redraw((place) => place.width !== place.clientWidth));
