// Loads each page of the built book into a frame, and writes what is wrong with them into its own document.
// `pages`, `width`, `themes` and `axe` stand before it.
(async function () {
  "use strict";
  var wrong = [];
  var rules = 0;
  var ids = {};
  var links = [];
  var frame;

  function wait(milliseconds) {
    return new Promise(function (done) { setTimeout(done, milliseconds); });
  }
  async function open(page) {
    if (frame) frame.remove();
    frame = document.createElement("iframe");
    frame.style = "border:0;height:900px;width:" + width + "px";
    frame.src = page;
    var loaded = new Promise(function (done) { frame.onload = done; });
    document.body.appendChild(frame);
    await loaded;
    return frame.contentDocument;
  }
  async function barriers(inside, where, options) {
    var found = await frame.contentWindow.axe.run(inside, options);
    rules += found.passes.length;
    found.violations.forEach(function (rule) {
      wrong.push(where + ": " + rule.id + ": " + rule.nodes[0].html.slice(0, 120));
    });
  }
  async function look(page) {
    var inside = await open(page);
    var script = inside.createElement("script");
    script.src = axe;
    var there = new Promise(function (done) { script.onload = done; });
    inside.head.appendChild(script);
    await there;
    await barriers(inside, page, {});
    for (var theme of themes) {
      inside.getElementById("mdbook-theme-" + theme).click();
      await wait(100);
      if (!inside.documentElement.classList.contains(theme)) wrong.push(page + ": no theme " + theme);
      await barriers(inside, page + " in " + theme, { runOnly: ["color-contrast"] });
    }
    var wide = inside.documentElement.scrollWidth;
    if (wide > frame.clientWidth) wrong.push(page + ": " + wide + " px wide");
    var titles = inside.querySelectorAll("main h1").length;
    if (titles !== 1) wrong.push(page + ": " + titles + " titles");
    inside.querySelectorAll("img").forEach(function (picture) {
      if (!picture.naturalWidth) wrong.push(page + ": no picture " + picture.src);
    });
    var address = frame.contentWindow.location.href;
    ids[address] = new Set(Array.from(inside.querySelectorAll("[id]"), function (element) { return element.id; }));
    inside.querySelectorAll("main a[href], nav a[href]").forEach(function (link) {
      if (link.protocol === "file:") links.push([page, link.href]);
    });
  }
  async function search(words, expected) {
    var inside = await open("introduction.html?search=" + encodeURIComponent(words));
    for (var turn = 0; turn < 100 && !inside.querySelector("#mdbook-searchresults li"); turn++) await wait(100);
    var found = Array.from(inside.querySelectorAll("#mdbook-searchresults li > a"), function (link) { return link.href; });
    var near = found.slice(0, 10).join(" ");
    if (near.indexOf(expected) < 0) wrong.push("search for " + words + ": " + near);
  }
  function follow() {
    links.forEach(function (link) {
      var parts = link[1].split("#");
      var there = ids[parts[0]];
      if (!there) wrong.push(link[0] + ": no page " + link[1]);
      else if (parts[1] && !there.has(decodeURIComponent(parts[1]))) wrong.push(link[0] + ": no heading " + link[1]);
    });
    if (links.length < 20 * pages.length) wrong.push("only " + links.length + " links were found");
  }

  for (var page of pages) await look(page);
  follow();
  await search("min_success_ratio", "policy.html");
  await search("proxies environment", "surprises.html");
  if (rules < 20 * pages.length) wrong.push("only " + rules + " rules were tried");
  var result = document.createElement("pre");
  result.id = "result";
  result.textContent = wrong.length ? wrong.join("\n") : "nothing is wrong";
  document.body.appendChild(result);
})();
