// Prints `N passed, N failed, N skipped` from vitest's JSON report as the last line, and fails when
// the tests' command failed, a test failed, none ran, or a test was skipped for want of its peer.

import { readFileSync } from "node:fs";

const [path, commandStatus] = process.argv.slice(2);

function fail(why) {
  console.log(`failed: ${why}`);
  process.exitCode = 1;
}

let report;
try {
  report = JSON.parse(readFileSync(path, "utf8"));
} catch (error) {
  fail(`no report of the test runner (${error.message})`);
  report = { testResults: [], success: false };
}

const counts = { passed: 0, failed: 0, skipped: 0 };
const withoutPeer = [];
for (const { name, status, assertionResults } of report.testResults) {
  // A file that cannot be loaded has no tests to count, and is a failure all the same.
  if (status === "failed" && assertionResults.length === 0) counts.failed += 1;
  for (const test of assertionResults) {
    if (test.status === "passed") counts.passed += 1;
    else if (test.status === "failed") counts.failed += 1;
    else {
      counts.skipped += 1;
      if (/real[- ]peer/i.test(`${name.slice(process.cwd().length)} ${test.fullName}`)) {
        withoutPeer.push(test.fullName);
      }
    }
  }
}

if (commandStatus !== "0") fail(`npm ci && npm test ended with ${commandStatus}`);
if (counts.failed > 0 || !report.success) fail("tests failed");
if (counts.passed + counts.failed === 0) fail("no test ran");
for (const test of withoutPeer) fail(`skipped for want of a peer: ${test}`);

console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
