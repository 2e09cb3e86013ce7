// A bare element that the browser edits by itself.
const composer = document.querySelector("#composer");
composer.contentEditable = "true";
window.exact = () => composer.innerText;
