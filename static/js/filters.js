// Filters in the address: a form with `data-filters` opens its view as soon as a choice is made, and leaves what is
// empty out of the address. Without scripts it is an ordinary form with a button.

for (const form of document.querySelectorAll("[data-filters]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim()) query.append(name, value.trim());
    location.assign(`${form.getAttribute("action") ?? location.pathname}${query.size ? `?${query}` : ""}`);
  });
  form.addEventListener("change", (event) => event.target.matches("select, [type=date], [type=checkbox]") && form.requestSubmit());
}
