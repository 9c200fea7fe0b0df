// The machines that there can be.

/** What every one of them has beside a minimal Debian. */
const COMMON = [
  'linux-image-cloud-amd64',
  'systemd-sysv',
  'dbus-user-session',
  'libpam-systemd',
  'docker.io',
  'apparmor',
  'bubblewrap',
  'tini',
  'python3',
  'iproute2',
  'iptables',
  'procps',
  'kmod',
  'ca-certificates',
];

export const RELEASES = {
  /** Linux 6.1, systemd 252, Docker 20.10 */
  bookworm: { packages: COMMON },
  /** Linux 6.12, systemd 257, Docker 26 */
  trixie: { packages: [...COMMON, 'docker-cli'] },
};
