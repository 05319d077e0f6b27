// Keeps the drawing under the digit that it is, by a button or a key.

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
      return;
    }
    result.counts.forEach((count, digit) => (buttons[digit].querySelector("small").textContent = count));
    byId("total").textContent = result.counts.reduce((sum, count) => sum + count, 0);
    say(`Kept as ${result.name}.`);
  });
}

function say(words) {
  byId("kept").textContent = words;
}

for (const button of buttons) button.addEventListener("click", () => keep(button.value));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^[0-9]$/.test(event.key)) keep(event.key);
});
