// The menu is always open beside a wide page. Above a narrow page it opens on a click.
const menu = document.getElementById("menu");
const wide = matchMedia("(min-width: 64rem)");
const fitMenu = () => {
  menu.open = wide.matches;
};
wide.addEventListener("change", fitMenu);
menu.addEventListener("click", (event) => {
  if (event.target.closest("a")) fitMenu();
});
fitMenu();

// A link to a model unfolds it.
const unfold = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches("details")) {
    target.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => {
  if (event.target.closest("a")?.hash === location.hash) unfold();
});
unfold();

// Make the headings of the leaderboard's numbers buttons that sort the models of each task, the
// largest number first, or by a second click the smallest.
const table = document.querySelector("#leaderboard table");
const collator = new Intl.Collator("en", { numeric: true });
for (const heading of table.tHead.querySelectorAll(".number")) {
  const button = document.createElement("button");
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const order = heading.ariaSort === "descending" ? "ascending" : "descending";
    table.tHead.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    heading.ariaSort = order;
    const text = (row) => row.cells[heading.cellIndex].textContent;
    for (const task of table.tBodies) {
      const rows = [...task.rows].slice(1); // below the name of the task
      rows.sort((one, other) => collator.compare(text(one), text(other)));
      if (order === "descending") rows.reverse();
      task.append(...rows);
    }
  });
}
