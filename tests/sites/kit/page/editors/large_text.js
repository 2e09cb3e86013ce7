// What all editors do alike with pasted, dropped and inserted text and files.

/** Whether a transfer was taken as a file: files themselves, or text that is too large for the editor. */
export function takesTransfer(transfer, how, { onFiles, onLargeText }) {
  if (transfer?.files.length && how === "paste") {
    onFiles([...transfer.files]);
    return true;
  }
  return onLargeText(transfer?.getData("text/plain") ?? "", how);
}

/** Let an element's large insertions become files before its editor sees them. */
export function watchInsertions(place, { onLargeText }) {
  place.addEventListener(
    "beforeinput",
    (event) => {
      if (event.inputType !== "insertText" || !onLargeText(event.data ?? "", "insert")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
}
