(function () {
  "use strict";
  var box = document.getElementById("filter");
  if (!box) return;
  var found = document.getElementById("found");
  var entries = Array.prototype.slice.call(document.querySelectorAll("details.failure"));
  var texts = entries.map(function (entry) { return entry.textContent.toLowerCase(); });
  function apply() {
    var words = box.value.toLowerCase().trim();
    var shown = 0;
    entries.forEach(function (entry, at) {
      var hit = texts[at].indexOf(words) >= 0;
      entry.hidden = !hit;
      if (hit) shown += 1;
    });
    found.textContent = words ? shown + " of " + entries.length + " listed items" : entries.length + " listed items";
  }
  document.getElementById("search").hidden = false;
  box.addEventListener("input", apply);
  document.querySelectorAll("button[data-find]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      box.value = button.getAttribute("data-find");
      apply();
      box.focus();
    });
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a.place") : null;
    if (!link) return;
    var line = document.getElementById(link.getAttribute("href").slice(1));
    var file = line && line.closest("details");
    if (file) file.open = true;
  });
  apply();
})();
