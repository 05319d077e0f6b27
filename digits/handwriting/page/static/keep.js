// Keeps the drawing under the digit that it is, by a button or a key, and takes the last one back.

import { clear, drawing, redraw, request } from "./draw.js";

const byId = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("#labels button")];
let waiting = Promise.resolve(); // one request after another: the files are numbered in the order of drawing

function keep(digit) {
  const picture = drawing();
  if (!picture) return say("Nothing is drawn.");
  clear();
  waiting = waiting.then(async () => {
    const result = await request("POST", `kept/${digit}`, picture);
    if (result.error) {
      await redraw(picture);
      say(`Not kept: ${result.error}`);
    } else update(result, `Kept as ${digit}.`);
  });
}

function undo() {
  waiting = waiting.then(async () => {
    const result = await request("DELETE", "kept");
    if (result.error) return say(`Not undone: ${result.error}`);
    await redraw(result.image);
    update(result, `The ${result.digit} is taken back.`);
  });
}

function update({ counts, added }, words) {
  counts.forEach((count, digit) => (buttons[digit].querySelector("small").textContent = count));
  byId("total").textContent = counts.reduce((sum, count) => sum + count, 0);
  byId("undo").disabled = !added;
  say(words);
}

function say(words) {
  byId("kept").textContent = words;
}

for (const button of buttons) button.addEventListener("click", () => keep(button.value));
byId("undo").addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^[0-9]$/.test(event.key)) keep(event.key);
  if (event.key === "Backspace" && !byId("undo").disabled) undo();
});
