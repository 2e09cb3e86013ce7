// Sites that turn a long paste into an attachment: the chip, and the button that takes it away.
export function makeChips() {
  const limit = Number(new URLSearchParams(location.search).get("chips") || Infinity);
  const shelf = document.querySelector("#chips");
  return {
    take(data) {
      const text = data ? data.getData("text/plain") : "";
      if (text.length <= limit) return false;
      const chip = document.createElement("div");
      chip.className = "chip";
      chip.textContent = "Pasted text";
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "remove";
      remove.setAttribute("aria-label", "Remove file");
      remove.textContent = "x";
      remove.addEventListener("click", () => chip.remove());
      chip.append(remove);
      setTimeout(() => shelf.append(chip), 30);
      return true;
    },
  };
}
