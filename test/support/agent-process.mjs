// An agent in a process of its own, to be killed: node agent-process.mjs AGENT_MODULE JSON_CONFIG. Says `up` when it is.
const [module, config] = process.argv.slice(2);
const { startAgent } = await import(module);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const agent = await startAgent({ ...JSON.parse(config), logger: silent });
process.stdout.write('up\n');
// Linked to its kernels for as long as it lives.
setInterval(() => agent.driver.state(), 1000);
