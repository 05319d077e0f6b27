// The menu is always open beside a wide page. Above a narrow page it opens on a click.
const menu = document.getElementById("menu");
const wide = matchMedia("(min-width: 64rem)");
const fit = () => (menu.open = wide.matches);
wide.addEventListener("change", fit);
menu.addEventListener("click", (event) => event.target.closest("a") && fit());
fit();

// A link to a model unfolds it. Printing the page unfolds everything.
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) {
    target.open = true;
    target.scrollIntoView();
  }
};
const unfoldAll = () => {
  document.querySelectorAll("details").forEach((details) => (details.open = true));
};
addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => {
  if (event.target.closest("a")?.hash === location.hash) unfold();
});
addEventListener("beforeprint", unfoldAll);
unfold();
