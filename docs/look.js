// What mdBook's pages lack for a keyboard and for a screen reader.
(function () {
    "use strict";
    function all(selector) {
        return Array.prototype.slice.call(document.querySelectorAll(selector));
    }
    function role(selector, name) {
        all(selector).forEach(function (element) { element.setAttribute("role", name); });
    }
    role("#mdbook-menu-bar", "banner");
    role("#mdbook-search-wrapper", "search");

    // The button of the table of contents is a label, which no keyboard reaches. A real one clicks it.
    var label = document.getElementById("mdbook-sidebar-toggle");
    var contents = document.getElementById("mdbook-sidebar");
    if (label && contents) {
        var button = document.createElement("button");
        button.type = "button";
        button.className = label.className;
        button.title = label.title;
        button.innerHTML = label.innerHTML;
        button.setAttribute("aria-label", label.title);
        button.setAttribute("aria-controls", contents.id);
        button.addEventListener("click", function () { label.click(); });
        label.hidden = true;
        label.parentNode.insertBefore(button, label);
        // What is out of sight must take no focus either.
        var follow = function () {
            var away = contents.getAttribute("aria-hidden") === "true";
            contents.inert = away;
            button.setAttribute("aria-expanded", String(!away));
        };
        follow();
        new MutationObserver(follow).observe(contents, { attributeFilter: ["aria-hidden"] });
    }

    // What scrolls sideways is scrolled by a keyboard only when that can reach it.
    function reach() {
        all("main pre > code, main .table-wrapper").forEach(function (element) {
            if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
            else element.removeAttribute("tabindex");
        });
    }
    reach();
    window.addEventListener("resize", reach);
    if (document.fonts) document.fonts.ready.then(reach);
})();
