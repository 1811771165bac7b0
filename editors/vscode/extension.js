// Starts `flowrun lsp`. The server is silent about YAML files that are no pipelines.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("flowrun").get("path", "flowrun");
  client = new LanguageClient(
    "flowrun",
    "flowrun",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "yaml" }, { language: "lua" }],
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.lua") },
    },
  );
  return client.start();
};

exports.deactivate = () => client?.stop();
