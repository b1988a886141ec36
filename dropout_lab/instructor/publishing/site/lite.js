// JupyterLite needs a web server; on pages opened from a disk its link becomes a sentence.
if (location.protocol === "file:") {
  for (const link of document.querySelectorAll("a.dl-lite")) {
    const sentence = Object.assign(document.createElement("span"), { className: "dl-lite" });
    sentence.textContent = "To run it in the browser, open these pages from a web server.";
    link.replaceWith(sentence);
  }
}
