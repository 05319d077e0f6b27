// The menu is always open beside a wide page, and closed above a narrow one until it is wanted.
const menu = document.getElementById("menu");
const wide = matchMedia("(min-width: 64rem)");
const fit = () => (menu.open = wide.matches);
wide.addEventListener("change", fit);
menu.addEventListener("click", (event) => event.target.closest("a") && fit());
fit();

// An experiment that is led to is unfolded, and everything is when the page is printed.
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) {
    target.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => event.target.closest("a")?.hash === location.hash && unfold());
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
unfold();
