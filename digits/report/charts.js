// Draws the charts. Each fills a definition of `dvc plots` with the tables of one experiment, coloured by part, or of
// two, coloured by experiment. A chart is drawn when it is about to be seen, or printed, which does not wait for Vega.
const unpack = async (id) => {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
};
const data = JSON.parse(await unpack("data"));

const vega = (async () => {
  await import(URL.createObjectURL(new Blob([await unpack("vega")], { type: "text/javascript" })));
  return window.vegaEmbed;
})();

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const readTable = (name, kind) => {
  const [header, ...rows] = data.experiments[name].tables[kind];
  return rows.map((row) => ({ rev: name, ...Object.fromEntries(header.map((column, i) => [column, row[i]])) }));
};

// The definition with the places that DVC fills: its data and what is coloured. The page has a title of its own.
const fill = (kind, names) => {
  const range = [css("--test"), css("--fold")];
  const color = { type: "nominal", sort: null, scale: { range }, legend: null };
  if (names.length === 1) Object.assign(color, { field: "part", scale: { domain: ["test", "cross_validation"], range } });
  else Object.assign(color, { field: "rev", scale: { domain: names, range }, legend: { title: null } });
  const spec = JSON.parse(JSON.stringify(data.definitions[kind]), (_, value) => {
    if (value === "<DVC_METRIC_COLOR>") return color;
    if (value?.title === "revision") value.title = "experiment";
    return value;
  });
  spec.data.values = names.flatMap((name) => readTable(name, kind));
  delete spec.title;
  delete spec.$schema; // which warns of every other version
  return spec;
};

const draw = async (place) => {
  const spec = fill(place.dataset.kind, place.dataset.names.split(" "));
  spec.columns = place.clientWidth < 480 ? 1 : 2;
  spec.spec.width = Math.floor(Math.min(place.clientWidth / spec.columns - 85, 560));
  spec.spec.height = Math.min(spec.spec.height, Math.max(180, Math.floor(spec.spec.width * 0.7)));
  const ink = css("--text");
  const words = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  const config = {
    background: "transparent",
    axis: { ...words, labelSeparation: 6, gridColor: ink, domainColor: ink, tickColor: ink, gridOpacity: 0.15, tickOpacity: 0.5 },
    axisX: { labelOverlap: true },
    header: words,
    legend: { ...words, orient: "top", labelLimit: 0 },
    view: { stroke: ink, strokeOpacity: 0.3 },
  };
  const options = { mode: "vega-lite", config, renderer: "svg", actions: false };
  const inside = make("div", { ariaHidden: "true" }); // Vega names what it draws in; the place has the chart's name
  const embed = await vega;
  const drawn = await embed(inside, spec, { ...options, tooltip: { theme: scheme.matches ? "dark" : "light" } });
  place.drawn?.finalize();
  Object.assign(place, { drawn, width: place.clientWidth }).replaceChildren(inside);
};

const scheme = matchMedia("(prefers-color-scheme: dark)");
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      seen.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "400px" },
);
const observeCharts = (parent) => parent.querySelectorAll(".chart").forEach((place) => seen.observe(place));
observeCharts(document);
addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach((place) => place.drawn ?? draw(place)));

// What has been drawn is drawn anew, as soon as it is seen, in other colours and at another width.
const renew = (isStale) =>
  [...document.querySelectorAll(".chart")].filter((each) => each.drawn && isStale(each)).forEach((each) => seen.observe(each));
scheme.addEventListener("change", () => renew(() => true));
addEventListener("resize", () => renew((each) => each.width !== each.clientWidth));
