"use strict";
// Comfort alone: everything on the page can be read without it.
addEventListener("beforeprint", () => {
  for (const d of document.querySelectorAll("details")) d.open = true;
});
if (navigator.clipboard) {
  for (const pre of document.querySelectorAll("pre.fix")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(pre.textContent).then(
        () => { button.textContent = "Copied"; },
        () => { button.textContent = "Copying isn’t allowed here"; },
      );
    });
    pre.after(button);
  }
}
