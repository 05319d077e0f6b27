// Makes a table's headings buttons that sort its rows: numbers by value, words by the alphabet. Without this script the
// best of each task come first.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      // Numbers begin with the largest, words with the first of the alphabet.
      const first = heading.classList.contains("number") ? "descending" : "ascending";
      const second = first === "ascending" ? "descending" : "ascending";
      const order = heading.getAttribute("aria-sort") === first ? second : first;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const value = (row) => row.cells[column].textContent.trim();
      const compare = (a, b) => {
        const difference = parseFloat(value(a)) - parseFloat(value(b));
        return Number.isNaN(difference) ? value(a).localeCompare(value(b)) : difference;
      };
      const rows = [...table.tBodies[0].rows].sort(compare);
      table.tBodies[0].append(...(order === "descending" ? rows.reverse() : rows));
    });
  });
}

// Shows the rows of one task, or with some text in them.
const filter = document.querySelector(".filter");
const [task, text] = filter.elements;
const board = document.querySelector("table.sortable").tBodies[0];
const show = () => {
  const words = text.value.toLowerCase().split(/\s+/);
  for (const row of board.rows) {
    const content = row.textContent.toLowerCase();
    row.hidden = (task.value && row.cells[1].textContent !== task.value) || !words.every((word) => content.includes(word));
  }
  filter.querySelector("output").textContent = `${[...board.rows].filter((row) => !row.hidden).length} of ${board.rows.length}`;
};
filter.addEventListener("input", show);
filter.addEventListener("submit", (event) => event.preventDefault());
filter.hidden = false;
show();
