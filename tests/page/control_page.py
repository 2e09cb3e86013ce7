"""A page with one control of every kind, drawn as the component libraries of chat sites draw them."""

from __future__ import annotations

__all__ = ["CONTROL_PAGE"]

CONTROL_PAGE = """<!doctype html><meta charset=utf-8><title>Controls</title>
<style>
  body { margin: 20px; font: 16px sans-serif } .portal { position: fixed; left: 60px; top: 60px }
  [role=menu] { background: #eee; border: 1px solid; padding: 8px; width: 240px }
  [role=menuitemradio] > div { display: flex; flex-direction: column }
  #range { opacity: 0; width: 200px } #row { margin-top: 260px }
</style>
<body>
<button id=model aria-haspopup=menu><span class=icon aria-hidden=true>arrow_drop_down</span>Pro</button>
<button id=trigger data-effort=medium>Effort</button>
<div id=effort><span role=slider tabindex=0 aria-valuemin=0 aria-valuemax=3 aria-valuenow=1
  aria-valuetext="Medium, 2 of 4." style="display:inline-block;width:90px;height:20px;background:#ccc"></span></div>
<div id=row>
  <label>Temperature <input id=number type=number min=0 max=2 step=0.05 value=1></label>
  <input id=range type=range min=0 max=2 step=0.05 value=1>
  <button id=switch role=switch aria-checked=false>Thinking</button>
  <span id=chips></span><input id=entry placeholder="Add a stop">
</div>
<script>
const state = { model: "Pro", number: "1", switch: false, chips: [], effort: "medium", untrusted: 0 };
const EFFORTS = ["low", "medium", "high", "max"];
const MODELS = [["pro", "Pro", "For hard work"], ["flash", "Flash", "For everyday work"],
  ["ultra", "Ultra", "Not now", true]];
const OLDER = [["flash-2", "Flash 2", "Older"], ["flash-1", "Flash 1", "Oldest"]];
const $ = (selector) => document.querySelector(selector);
const save = () => { document.body.dataset.state = JSON.stringify(state); };
addEventListener("click", (event) => { if (!event.isTrusted) state.untrusted += 1; save(); }, true);
addEventListener("keydown", (event) => { if (!event.isTrusted) state.untrusted += 1; save(); }, true);

// A menu in a portal that comes a little late and hides the rest of the page from screen readers.
function openMenu(items, withMore) {
  setTimeout(() => {
    const menu = document.createElement("div");
    menu.className = "portal";
    menu.style.left = withMore ? "60px" : "340px";
    menu.innerHTML = "<div role=menu></div>";
    const list = menu.firstChild;
    for (const [id, name, text, off] of items) {
      const item = document.createElement("div");
      item.setAttribute("role", "menuitemradio");
      item.dataset.id = id;
      item.setAttribute("aria-checked", String(state.model === name));
      if (off) { item.setAttribute("aria-disabled", "true"); item.title = "Resets at 17:00"; }
      item.innerHTML = `<div><span>${name}</span><span>${text}</span></div>`;
      item.onmouseenter = () => off && showTip();
      item.onclick = () => { if (!off) { choose(name); closeMenus(); } };
      list.append(item);
    }
    if (withMore) {
      const more = document.createElement("div");
      more.id = "more";
      more.setAttribute("role", "menuitem");
      more.textContent = "Older models";
      more.onclick = () => openMenu(OLDER, false);
      list.append(more);
    }
    for (const child of document.body.children)
      if (!child.matches(".portal, script")) child.setAttribute("aria-hidden", "true");
    document.body.append(menu);
  }, 40);
}
function choose(name) { state.model = name; $("#model").lastChild.data = name; save(); }
function showTip() {
  setTimeout(() => {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("role", "tooltip");
    tip.textContent = "Only with the larger plan";
    document.body.append(tip);
  }, 30);
}
function closeLast() {
  const menus = document.querySelectorAll(".portal");
  menus[menus.length - 1]?.remove();
  if (menus.length <= 1) document.querySelectorAll("body > [aria-hidden]").forEach((e) => e.removeAttribute("aria-hidden"));
}
function closeMenus() { while (document.querySelector(".portal")) closeLast(); $(".tip")?.remove(); }
addEventListener("keydown", (event) => { if (event.key === "Escape") closeLast(); });
$("#model").onclick = () => openMenu(MODELS, true);

$("#number").onchange = (event) => { state.number = event.target.value; save(); };
$("#switch").onclick = ({ target }) => setTimeout(() => {
  state.switch = !state.switch;
  target.setAttribute("aria-checked", String(state.switch));
  save();
}, 30);
$("#entry").onkeydown = ({ key, target }) => {
  if (key !== "Enter" || !target.value) return;
  const chip = document.createElement("span");
  const remove = document.createElement("button");
  chip.className = "chip";
  chip.textContent = target.value;
  remove.textContent = "cancel";
  remove.onclick = () => { state.chips = state.chips.filter((one) => one !== chip.firstChild.data); chip.remove(); save(); };
  chip.append(remove);
  $("#chips").append(chip);
  state.chips.push(target.value);
  target.value = "";
  save();
};
$("#effort [role=slider]").onkeydown = ({ key, target }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const now = Number(target.getAttribute("aria-valuenow")) + (step ?? 0);
  if (!step || now < 0 || now > 3) return;
  setTimeout(() => {
    target.setAttribute("aria-valuenow", now);
    target.setAttribute("aria-valuetext", `${EFFORTS[now][0].toUpperCase()}${EFFORTS[now].slice(1)}, ${now + 1} of 4.`);
    $("#trigger").dataset.effort = state.effort = EFFORTS[now];
    save();
  }, 20);
};
save();
</script>
"""
