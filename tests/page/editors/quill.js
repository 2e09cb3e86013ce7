// Quill 2 without toolbar or formats.
import Quill from "quill";

window.quill = new Quill(document.querySelector("#composer"), { formats: [] });
window.exact = () => window.quill.getText().replace(/\n$/, "");
