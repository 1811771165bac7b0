(function () {
  "use strict";
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function button(words) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    return made;
  }

  // Searching the listed items, and the groups that lead to theirs.
  var OPENED = 20;
  function search() {
    var box = document.getElementById("filter");
    if (!box) return;
    var found = document.getElementById("found");
    var entries = all("details.failure");
    var texts = entries.map(function (entry) { return entry.textContent.toLowerCase(); });
    function apply() {
      var words = box.value.toLowerCase().trim();
      var shown = entries.filter(function (entry, at) {
        entry.hidden = texts[at].indexOf(words) < 0;
        return !entry.hidden;
      });
      found.textContent = words ? shown.length + " of " + entries.length + " listed items" : entries.length + " listed items";
      return shown;
    }
    document.getElementById("search").hidden = false;
    box.addEventListener("input", apply);
    all("button[data-find]").forEach(function (group) {
      group.hidden = false;
      group.addEventListener("click", function () {
        box.value = group.getAttribute("data-find");
        apply().slice(0, OPENED).forEach(function (entry) { entry.open = true; });
        box.focus();
      });
    });
    apply();
  }

  // Sorting a table by a column. Counts have spaces between their digits, durations have units.
  var UNITS = { ns: 1e-9, "\u00b5s": 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
  function size(words) {
    var plain = words.replace(/\u202f/g, "");
    if (plain === "\u2013") return -1;
    if (!/^(?:[\d.]+ ?(?:ns|\u00b5s|ms|s|m|h|d)?)+$/.test(plain)) return NaN;
    return (plain.match(/[\d.]+ ?(?:ns|\u00b5s|ms|s|m|h|d)?/g) || []).reduce(function (sum, part) {
      return sum + parseFloat(part) * (UNITS[part.replace(/[\d. ]/g, "")] || 1);
    }, 0);
  }
  function sort(table, at, descends) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows).map(function (row, place) {
      var words = row.cells[at].textContent.trim();
      return { row: row, words: words, size: size(words), place: place };
    });
    var order = function (one, other) {
      var sized = !isNaN(one.size) && !isNaN(other.size);
      var by = sized ? one.size - other.size : one.words.localeCompare(other.words, "en", { numeric: true });
      return (descends ? -by : by) || one.place - other.place;
    };
    rows.sort(order).forEach(function (entry) { body.appendChild(entry.row); });
  }
  function sorting() {
    all(".wide > table").filter(function (table) { return table.tBodies[0].rows.length > 1; }).forEach(function (table) {
      var headings = all("thead th", table);
      headings.forEach(function (heading, at) {
        var by = button(heading.textContent);
        by.className = "sort";
        heading.textContent = "";
        heading.appendChild(by);
        by.addEventListener("click", function () {
          var was = heading.getAttribute("aria-sort");
          var descends = was ? was === "ascending" : heading.classList.contains("n");
          headings.forEach(function (other) { other.removeAttribute("aria-sort"); });
          heading.setAttribute("aria-sort", descends ? "descending" : "ascending");
          sort(table, at, descends);
        });
      });
    });
  }

  // Copying. Without a clipboard, as in a page that came over plain HTTP, a field that is selected does it.
  function copy(words, done) {
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(words).then(done, function () {});
      return;
    }
    var field = document.createElement("textarea");
    field.value = words;
    document.body.appendChild(field);
    field.select();
    if (document.execCommand("copy")) done();
    field.remove();
  }
  function copier(words, name) {
    var made = button("copy " + name);
    made.className = "copy";
    made.addEventListener("click", function () {
      copy(words, function () {
        made.textContent = "copied";
        setTimeout(function () { made.textContent = "copy " + name; }, 2000);
      });
    });
    return made;
  }
  function copying() {
    all("code.command").forEach(function (command) { command.after(" ", copier(command.textContent, "command")); });
    // Buttons come when an item is opened: there may be two thousand of them.
    document.addEventListener("toggle", function (event) {
      var entry = event.target;
      if (!entry.open || !entry.matches("details.failure") || entry.querySelector(".copy")) return;
      var row = document.createElement("p");
      var item = entry.querySelector("code.whole");
      if (item) row.append(copier(item.textContent, "item"), " ");
      var again = entry.parentElement.getAttribute("data-again");
      var number = entry.querySelector("summary b").textContent.replace(/[^\d]/g, "");
      if (again) row.append(copier(again + number, "command"), " ");
      row.append(copier(entry.querySelector("summary").textContent.trim(), "error"));
      entry.appendChild(row);
    }, true);
  }

  // A place leads to its line, also where the file is closed.
  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a.place") : null;
    if (!link) return;
    var line = document.getElementById(link.getAttribute("href").slice(1));
    var file = line && line.closest("details");
    if (file) file.open = true;
  });
  search();
  sorting();
  copying();
})();
