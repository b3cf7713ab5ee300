// The API's description in the theme of the desk: its own style sheet knows the dark by a class.

const system = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const theme = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : system.matches);
}

follow();
document.addEventListener("themechange", follow);
system.addEventListener("change", follow);
