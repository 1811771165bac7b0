// Runs in a page that holds the report in a frame, and writes what is wrong with it into the title of its own document.
window.addEventListener("load", function () {
  var frame = document.querySelector("iframe");
  var page = frame.contentDocument;
  var wrong = [];
  function check(holds, what) { if (!holds) wrong.push(what); }
  function all(selector) { return Array.prototype.slice.call(page.querySelectorAll(selector)); }
  function name(element) {
    var by = element.getAttribute("aria-labelledby");
    return element.getAttribute("aria-label") || (by && page.getElementById(by) && page.getElementById(by).textContent) ||
      element.textContent.trim();
  }
  // Nothing but the frames with a scrollbar of their own may be wider than the screen.
  check(page.documentElement.scrollWidth <= frame.clientWidth, "the page is " + page.documentElement.scrollWidth + " wide");
  check(page.documentElement.lang === "en" && page.title.length > 0, "no language or title");
  all("button, a, summary, section, [role=region], svg[role=img], [role=status]").forEach(function (element) {
    check(name(element), "no name: " + element.outerHTML.slice(0, 80));
  });
  all("input").forEach(function (input) { check(input.labels.length === 1, "no label: " + input.id); });
  all("table").forEach(function (table) {
    check(table.caption && table.caption.textContent.trim(), "a table without a caption");
    check(!table.querySelector("th:not([scope])"), "a heading without a scope in " + table.caption.textContent);
  });
  var landmarks = all("main, header, footer, section, [role=region]").map(name);
  check(new Set(landmarks).size === landmarks.length, "two landmarks have one name: " + landmarks.join(" | "));
  var depth = 0;
  all("h1, h2, h3, h4").forEach(function (heading) {
    var level = Number(heading.tagName.slice(1));
    check(level <= depth + 1, "headings skip a level before " + heading.textContent);
    depth = level;
  });
  var ids = all("[id]").map(function (element) { return element.id; });
  check(new Set(ids).size === ids.length, "an id is there twice");

  // Text against what is behind it, as WCAG 2 measures it.
  function light(color) {
    var parts = color.match(/[\d.]+/g).map(Number);
    var part = function (value) { value /= 255; return value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4); };
    return 0.2126 * part(parts[0]) + 0.7152 * part(parts[1]) + 0.0722 * part(parts[2]);
  }
  function behind(element) {
    for (; element; element = element.parentElement) {
      var color = frame.contentWindow.getComputedStyle(element).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)" && color !== "transparent") return color;
    }
    return "rgb(255, 255, 255)";
  }
  var seen = {};
  all("body *").forEach(function (element) {
    var words = Array.prototype.some.call(element.childNodes, function (node) { return node.nodeType === 3 && node.data.trim(); });
    if (!words || element.closest("svg, script, style, [hidden], .skip")) return;
    var colors = [frame.contentWindow.getComputedStyle(element).color, behind(element)];
    if (seen[colors]) return;
    seen[colors] = true;
    var levels = colors.map(light).sort(function (one, other) { return other - one; });
    var contrast = (levels[0] + 0.05) / (levels[1] + 0.05);
    check(contrast >= 4.5, "contrast " + contrast.toFixed(2) + " of " + element.outerHTML.slice(0, 80));
  });

  // Searching.
  function shown() { return all("details.failure").filter(function (entry) { return !entry.hidden; }).length; }
  var box = page.getElementById("filter");
  var listed = shown();
  check(listed > 1 && !page.getElementById("search").hidden, "nothing to search");
  box.value = "ITEM 9";
  box.dispatchEvent(new frame.contentWindow.Event("input"));
  check(shown() === 1 && /1 of/.test(page.getElementById("found").textContent), "searching shows " + shown());
  page.querySelector("button[data-find]").click();
  check(shown() === listed && page.activeElement === box, "a group shows " + shown());
  box.value = "";
  box.dispatchEvent(new frame.contentWindow.Event("input"));
  check(shown() === listed, "an empty search hides something");

  // A group opens its items, which can be copied then.
  page.querySelector("button[data-find]").click();
  check(all("details.failure[open]").length > 0, "a group opens no item");
  var again = page.querySelector("[data-again]");
  check(again && again.getAttribute("data-again") === "flowrun preview pipeline.yaml work --item ", "no command to try one");

  // Sorting by a number, both ways, and back by words.
  var table = all(".wide > table").filter(function (table) { return table.tBodies[0].rows.length > 1; })[0];
  function column(at) {
    return Array.prototype.map.call(table.tBodies[0].rows, function (row) { return row.cells[at].textContent.replace(/[^\d]/g, ""); });
  }
  var by = table.querySelectorAll("thead button")[2];
  by.click();
  var down = column(2).slice();
  check(by.parentElement.getAttribute("aria-sort") === "descending" && Number(down[0]) >= Number(down[1]), "sorted: " + down);
  by.click();
  check(by.parentElement.getAttribute("aria-sort") === "ascending" && Number(column(2)[0]) <= Number(down[0]), "not sorted: " + column(2));
  check(all("thead [aria-sort]").length === 1, "a table is sorted by two columns");

  // The link from a failure to its line.
  var link = page.querySelector("a.place");
  check(link && page.getElementById(link.getAttribute("href").slice(1)), "a place that leads nowhere");
  check(wrong.length > 0 || all("svg rect").length > 10, "hardly anything is drawn");
  var result = document.createElement("pre");
  result.id = "result";
  result.textContent = wrong.length ? wrong.join("\n") : "nothing is wrong";
  document.body.appendChild(result);
});
