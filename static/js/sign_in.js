// The demo desk's sign-in: choosing a person fills the form and sends it.

const form = document.querySelector("form.form");

for (const button of document.querySelectorAll("[data-sign-in]")) {
  button.addEventListener("click", () => {
    form.elements.login.value = button.dataset.signIn;
    form.elements.password.value = button.dataset.password;
    form.requestSubmit();
  });
}
