// The clipboard for one paste: what was there is kept and put back.

let kept = null;

async function keepClipboard() {
  kept = [];
  for (const item of await navigator.clipboard.read()) {
    const parts = {};
    for (const type of item.types) parts[type] = await item.getType(type);
    if (item.types.length) kept.push(new ClipboardItem(parts));
  }
}

async function putOnClipboard(text, html) {
  if (!html) return navigator.clipboard.writeText(text);
  const parts = {
    "text/plain": new Blob([text], { type: "text/plain" }),
    "text/html": new Blob([html], { type: "text/html" }),
  };
  return navigator.clipboard.write([new ClipboardItem(parts)]);
}

async function restoreClipboard() {
  const items = kept;
  kept = null;
  if (items && items.length) await navigator.clipboard.write(items);
  else await navigator.clipboard.writeText("");
}
