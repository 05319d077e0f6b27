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
