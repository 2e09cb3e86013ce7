// A bare textarea that handles nothing itself.
const composer = document.querySelector("#composer");
const area = document.createElement("textarea");
area.rows = 8;
composer.append(area);
window.exact = () => area.value;

window.ownPaste = (text) => {
  area.value = "";
  area.focus();
  const began = performance.now();
  document.execCommand("insertText", false, text);
  document.body.getBoundingClientRect();
  const cost = performance.now() - began;
  const whole = area.value === text;
  area.value = "";
  return { cost, whole };
};
