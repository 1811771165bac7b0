#!/usr/bin/env python3
"""Writes the text that Chromium shows of each page here beside it, as `.out`: `document.documentElement.innerText`. The test knows that of
margins and cells flowrun makes a line feed and a space. Made with Chromium 156 (`chromium --headless`). The test does not need it."""

import json
import pathlib
import re
import subprocess
import tempfile
from urllib.parse import unquote

here = pathlib.Path(__file__).parent
pages = sorted(here.glob("*.html"))
script = """<!doctype html><meta charset="utf-8"><body><script>
const pages = %s, texts = [];
(async () => {
  for (const page of pages) {
    const frame = document.createElement("iframe");
    frame.width = 8000;
    await new Promise(done => { frame.onload = done; frame.srcdoc = page; document.body.append(frame); });
    texts.push(frame.contentDocument.documentElement.innerText);
    frame.remove();
  }
  const result = document.createElement("pre");
  result.textContent = encodeURIComponent(JSON.stringify(texts));
  document.body.replaceChildren(result);
})();
</script>"""
source = json.dumps([page.read_text() for page in pages]).replace("<", "\\u003c")
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "all.html"
    path.write_text(script % source)
    command = ["chromium", "--headless", "--no-sandbox", f"--user-data-dir={folder}/profile", "--virtual-time-budget=60000"]
    shown = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, check=True).stdout

texts = json.loads(unquote(re.search("<pre>(.*)</pre>", shown).group(1)))
for page, text in zip(pages, texts, strict=True):
    page.with_suffix(".out").write_text(text.strip("\n") + "\n")
