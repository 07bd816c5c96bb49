const core = require("iomux");
const testing = require("iomux/testing");
const inspecting = require("iomux/inspect");
const checkEntries = require("./entries.cjs");

checkEntries(core, testing, inspecting).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
