// What must hold of the built entries, however they were loaded.

const assert = require("node:assert/strict");

/**
 * @param {typeof import("iomux")} core
 * @param {typeof import("iomux/testing")} testing
 * @param {typeof import("iomux/inspect")} inspecting
 */
module.exports = async function checkEntries(core, testing, inspecting) {
  assert.equal(core.READABLE, 0x001);

  // An error made by one entry is an instance of the other's class: the core exists once.
  const clock = new testing.SimulatedClock();
  const network = new testing.MemoryNetwork(clock);
  const reactor = core.createReactor({ network, clock });
  await reactor.listen({ port: 9000 });
  await assert.rejects(reactor.listen({ port: 9000 }), (error) => {
    assert.ok(error instanceof core.IomuxError, "the testing entry has a core of its own");
    assert.equal(error.code, "EADDRINUSE");
    return true;
  });
  await checkInspect(core, inspecting);
};

/** The page is found beside what was built, and nobody needs to close it for the process to end. */
async function checkInspect(core, { inspect }) {
  const { url } = await inspect(core.createReactor(), { port: 0 });
  const page = await fetch(url);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(await page.text(), /<title>/);
  for (const path of ["app.js", "app.css", "metrics"]) {
    assert.equal((await fetch(url + path)).status, 200, path);
  }
  const { descriptors } = await (await fetch(`${url}api/descriptors`)).json();
  assert.equal(descriptors[0].owner, "console");
}
