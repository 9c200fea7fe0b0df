// Plain old syntax, so that an old Node can read it.
var MAJOR = 20;
var MINOR = 19;

/** Ends the process with one clear line when this Node is too old. The exit code is that of the error `old-node`. */
export function requireNode() {
  var version = process.versions.node.split('.').map(Number);
  if (version[0] > MAJOR || (version[0] === MAJOR && version[1] >= MINOR)) return;
  process.stderr.write(
    'berth: this is Node.js ' + process.versions.node + '. Install Node.js ' + MAJOR + '.' + MINOR + ' or later.\n',
  );
  process.exit(78);
}
