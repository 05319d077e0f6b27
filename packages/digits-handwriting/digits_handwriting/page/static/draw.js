// Draws on the canvas, sends it to predict as it changes, and shows the prediction.

const PEN = 1 / 12; // of the canvas: a felt pen on a small piece of paper
const STEP = 1 / 24; // of the canvas, for a press of an arrow key
const WAIT = 100; // milliseconds from a change to its request, so that a stroke is a few of them

const byId = (id) => document.getElementById(id);
const canvas = byId("canvas");
const ink = canvas.getContext("2d");
const pen = byId("pen");
const size = canvas.width;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let strokes = []; // on the sheet: each the points of a line, from 0 to 1, or a picture that was put back
let stroke = null; // the one that is being drawn
let cursor = [0.5, 0.2]; // where the keyboard's pen is
let sheet = 0; // counts cleared sheets: a prediction for an earlier one comes too late
let timer = 0;
let asking = false;
let changed = false;

function line(from, to) {
  ink.lineWidth = PEN * size;
  ink.lineCap = ink.lineJoin = "round";
  ink.beginPath();
  ink.moveTo(from[0] * size, from[1] * size);
  ink.lineTo(to[0] * size, to[1] * size);
  ink.stroke();
}

function paint(each) {
  if (each instanceof Image) ink.drawImage(each, 0, 0, size, size);
  else each.forEach((to, i) => line(each[i - 1] ?? to, to));
}

function wipe() {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, size, size);
}

function begin(at) {
  strokes.push((stroke = []));
  extend(at);
}

function extend(to) {
  stroke.push(to);
  line(stroke.at(-2) ?? to, to);
  inked();
}

function lift() {
  stroke = null;
  movePen(cursor);
}

function undo() {
  lift();
  strokes.pop();
  if (!strokes.length) return clear();
  wipe();
  strokes.forEach(paint);
  inked();
}

function inked() {
  changed = true;
  busy(true);
  timer ||= setTimeout(ask, WAIT);
}

export function clear() {
  lift();
  wipe();
  strokes = [];
  clearTimeout(timer);
  timer = 0;
  changed = false;
  sheet += 1;
  busy(false);
  show("", "Nothing drawn yet.");
}

function busy(whether) {
  byId("result").ariaBusy = whether; // a screen reader waits for the prediction after the last stroke
}

async function ask() {
  timer = 0;
  if (asking) return; // whoever is asking asks again
  asking = true;
  changed = false;
  const asked = sheet;
  const result = await predict();
  asking = false;
  if (asked === sheet) {
    if (result.digits) showDigits(result.digits);
    else show("", result.error);
  }
  if (changed) timer ||= setTimeout(ask, WAIT);
  else busy(false);
}

async function predict() {
  const result = await request("POST", "predict", canvas.toDataURL("image/png"));
  return result.status === 400 ? { error: "No digit yet." } : result; // the first stroke of a 5 is a mere line
}

// Sends a picture, if there is one, and returns the program's answer with its status.
export async function request(method, path, picture = null) {
  // Not toBlob: Chromium puts it off, by up to a second, until the page is idle.
  const body = picture && Uint8Array.from(atob(picture.split(",")[1]), (byte) => byte.charCodeAt(0));
  try {
    const response = await fetch(path, { method, headers: body ? { "Content-Type": "image/png" } : {}, body });
    return { ...(await response.json()), status: response.status };
  } catch {
    return { error: "No answer: is the program still running?" };
  }
}

// The drawing as a `data:` address; null while there is none.
export const drawing = () => (strokes.length ? canvas.toDataURL("image/png") : null);

// Puts a drawing back on the paper, unless another has been begun.
export async function redraw(picture) {
  const image = new Image();
  image.src = picture;
  await image.decode();
  if (strokes.length) return;
  strokes.push(image);
  paint(image);
  inked();
}

function percent(probability) {
  if (probability >= 0.995) return "> 99 %";
  if (probability < 0.005) return "< 1 %";
  return `${Math.round(100 * probability)} %`;
}

function showDigits(digits) {
  const shares = digits.map((digit) => percent(digit.probability));
  const marks = digits.map((digit) => digit.mark);
  const labels = marks.map((mark) => mark.label);
  const legend = marks.some((mark) => mark.is_flagged) ? "; ? flags what does not resemble the training data" : "";
  show(labels.join(" "), `predicted (${shares.join(", ")})${legend}`, digits.map(row), marks.map(markOnCanvas));
}

// The box and the label of a digit, on the canvas. All lengths are in pixels of the canvas.
function markOnCanvas(mark) {
  const frame = document.createElement("div");
  const label = document.createElement("span");
  frame.className = label.className = mark.is_flagged ? "flagged" : "";
  place(frame, { left: mark.left, top: mark.top, width: mark.width, height: mark.height, "border-width": mark.line_width });
  place(label, { left: mark.label_left, top: mark.label_top, "font-size": mark.label_height });
  label.textContent = mark.label;
  const both = document.createDocumentFragment();
  both.append(frame, label);
  return both;
}

function place(element, lengths) {
  // The page may show the canvas in another size. 100cqw is its width there.
  for (const [name, length] of Object.entries(lengths)) element.style.setProperty(name, `${(100 * length) / size}cqw`);
}

// The predicted class, the next ones that are likely at all, and what is left for all others together.
function likeliest(digit) {
  const next = digit.runners_up.filter((each) => each.probability >= 0.005);
  if (digit.runners_up.length < 2 || next.length === digit.runners_up.length) return [digit, ...digit.runners_up];
  const left = next.reduce((rest, each) => rest - each.probability, 1 - digit.probability);
  return [digit, ...next, { label: "other", probability: left }];
}

function row(digit) {
  const item = byId("digit").content.cloneNode(true);
  item.querySelector("img").src = digit.image;
  for (const each of likeliest(digit)) {
    const name = document.createElement("dt");
    const bar = document.createElement("dd");
    const share = document.createElement("span");
    name.textContent = each.label;
    share.textContent = percent(each.probability);
    bar.style.setProperty("--share", `${100 * each.probability}%`);
    bar.append(share);
    item.querySelector("dl").append(name, bar);
  }
  return item;
}

function show(prediction, sure, rows = [], marks = []) {
  // Written only when it differs, so that a screen reader does not read it out again at each stroke.
  if (byId("prediction").textContent !== prediction) byId("prediction").textContent = prediction;
  if (byId("sure").textContent !== sure) byId("sure").textContent = sure;
  byId("digits").replaceChildren(...rows);
  byId("marks").replaceChildren(...marks);
}

function position(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function movePen(to) {
  cursor = to.map((value) => Math.min(1, Math.max(0, value)));
  pen.style.left = `${100 * cursor[0]}%`;
  pen.style.top = `${100 * cursor[1]}%`;
  pen.classList.toggle("down", stroke !== null);
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button) return;
  canvas.setPointerCapture(event.pointerId);
  pen.hidden = true;
  begin(position(event));
});
canvas.addEventListener("pointermove", (event) => {
  if (!stroke || !canvas.hasPointerCapture(event.pointerId)) return;
  for (const between of event.getCoalescedEvents?.() ?? [event]) extend(position(between));
});
// No gesture comes of a stroke: after what looks like a fling, Chromium ignores the next tap.
canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
for (const end of ["pointerup", "pointercancel", "blur"]) canvas.addEventListener(end, lift);
canvas.addEventListener("blur", () => (pen.hidden = true));

canvas.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!arrow && event.key !== " ") return;
  event.preventDefault(); // no scrolling
  pen.hidden = false;
  if (arrow) {
    movePen([cursor[0] + STEP * arrow[0], cursor[1] + STEP * arrow[1]]);
    if (stroke) extend(cursor);
  } else if (!event.repeat) {
    if (stroke) return lift();
    begin(cursor);
    movePen(cursor);
  }
});
byId("clear").addEventListener("click", clear);
byId("undo").addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") clear();
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  undo();
});

clear();
