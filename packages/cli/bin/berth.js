#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read: only what runs here can say that Node is too old.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`berth: this is Node.js ${process.versions.node} (old-node). Install Node.js 20.19 or later.`);
  process.exit(78);
}
// No await: a Node before 14.8 would not even read it at the top of a module.
import('../dist/main.js');
