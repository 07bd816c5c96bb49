const core = require("iomux");
const testing = require("iomux/testing");
const checkEntries = require("./entries.cjs");

checkEntries(core, testing).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
