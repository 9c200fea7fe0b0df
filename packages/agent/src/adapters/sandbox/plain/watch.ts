/** The shell that stands beside a plain program, to tell of its end (pure text). */

/** Arguments: command. The program is a child without a variable; descriptor 3 gets what bubblewrap would write there. */
const WATCH = `/usr/bin/env -i "$@" 3>&- & first=$!
printf '{ "child-pid": %s }\\n' "$first" >&3
wait "$first"; code=$?
printf '{ "exit-code": %s }\\n' "$code" >&3
`;

/**
 * Under a subreaper, what the program left behind is handed to that, and is killed until nothing is left. The parent is looked at each
 * time: were it gone, its number could be somebody else's.
 */
const SWEEP = `while read -r _ _ _ parent _ < /proc/$$/stat && [ "$parent" = "$PPID" ]; do
  left=
  for pid in $(cat "/proc/$PPID/task/$PPID/children"); do [ "$pid" = $$ ] || left="$left $pid"; done
  [ -n "$left" ] || break
  kill -9 $left 2>/dev/null
  sleep 0.01
done
`;

/** The command line that runs and watches `argv`. */
export const watched = (argv: readonly string[], { subreaper }: { readonly subreaper: boolean }): readonly string[] => [
  '/bin/sh',
  '-c',
  subreaper ? WATCH + SWEEP : WATCH,
  'sh',
  ...argv,
];
