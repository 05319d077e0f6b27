// Make the headings of a table buttons that sort its rows: numbers by value, words by the
// alphabet. Without this script the rows are sorted by task and CV accuracy.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      // The first click puts the largest number first, or the first word of the alphabet.
      const first = heading.classList.contains("number") ? "descending" : "ascending";
      const second = first === "ascending" ? "descending" : "ascending";
      const order = heading.getAttribute("aria-sort") === first ? second : first;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const text = (row) => row.cells[column].textContent.trim();
      const compare = (a, b) => {
        const difference = parseFloat(text(a)) - parseFloat(text(b));
        return Number.isNaN(difference) ? text(a).localeCompare(text(b)) : difference;
      };
      // Rows without a value come last in both orders.
      const rows = [...table.tBodies[0].rows];
      const missing = rows.filter((row) => text(row) === "–");
      const sorted = rows.filter((row) => text(row) !== "–").sort(compare);
      if (order === "descending") sorted.reverse();
      table.tBodies[0].append(...sorted, ...missing);
    });
  });
}

// Show only the rows of one task, or only those that contain some text.
const filter = document.querySelector(".filter");
const [task, text] = filter.elements;
const leaderboard = document.querySelector("table.sortable").tBodies[0];
const show = () => {
  const words = text.value.toLowerCase().split(/\s+/);
  for (const row of leaderboard.rows) {
    const content = row.textContent.toLowerCase();
    const isOfTask = !task.value || row.cells[1].textContent === task.value;
    row.hidden = !isOfTask || !words.every((word) => content.includes(word));
  }
  const models = [...leaderboard.rows].filter((row) => !row.matches(".baseline"));
  const shown = models.filter((row) => !row.hidden);
  const output = filter.querySelector("output");
  output.textContent = `${shown.length} of ${models.length}`;
};
filter.addEventListener("input", show);
filter.addEventListener("submit", (event) => event.preventDefault());
filter.hidden = false;
show();
