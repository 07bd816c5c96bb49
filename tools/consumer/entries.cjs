// What must hold of the built entries, however they were loaded.

const assert = require("node:assert/strict");

/**
 * @param {typeof import("iomux")} core
 * @param {typeof import("iomux/testing")} testing
 */
module.exports = async function checkEntries(core, testing) {
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
};
