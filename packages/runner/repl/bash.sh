# The bash REPL: the language process of docs/runner-protocol.md, for bash 4.2 and later. Names of ours begin with __berth_.
#
# User code runs by `eval` in this very shell, so all it leaves behind stays. Where it ends the shell (exit, set -e, SIGINT),
# the EXIT trap hands the shell's state to an heir that takes over the same process and reports the end of the run.

# As -c, error messages begin with `bash: line N`, not with a path of ours.
if [[ -z ${BASH_EXECUTION_STRING-} ]]; then exec "$BASH" -c "$(<"${BASH_SOURCE[0]}")" bash; fi

# An heir (see __berth_succeed) finds the link on 0 and 1 and the run's output on 99: what bash duplicates to higher numbers
# would be closed by exec.
__berth_heir=${1-}
shift $#
if [[ $__berth_heir ]]; then exec 97>&1 96<&0 1>&99 0</dev/null 99>&-; else exec 97>&3 96<&4 3>&- 4<&-; fi

# Copies that bash keeps of redirected descriptors are close-on-exec, and so are duplicates of such copies: the one way in bash
# to keep children from them. It takes the lowest free numbers from 10.
__berth_free=()
for ((__berth_fd = 10; ${#__berth_free[@]} < 4; __berth_fd++)); do
  [[ -L /proc/self/fd/$__berth_fd ]] || __berth_free+=("$__berth_fd")
done
exec 95>&2 94>&1
{
  exec {__berth_out}>&"${__berth_free[0]}" {__berth_in}<&"${__berth_free[1]}"
  exec {__berth_stderr}>&"${__berth_free[2]}" {__berth_stdout}>&"${__berth_free[3]}"
} 97>&- 96<&- 95>&- 94>&-
exec 97>&- 96<&- 95>&- 94>&-

__berth_run= __berth_line= __berth_early= __berth_options= __berth_exit_action= __berth_int_action=
__berth_interrupted=false

# Sets the array __berth_fields to the keys and values of the JSON object $1: strings decoded, numbers as they are.
# Once \\ and \" are out of the way, each quote left begins or ends a string.
__berth_decode() {
  local LC_ALL=C IFS='"' line=$1 piece text i
  line=${line//'\\'/'\x5c'}
  line=${line//'\"'/'\x22'}
  line=${line//'\/'/'/'}
  local -a pieces
  set -f
  pieces=($line)
  set +f
  __berth_fields=()
  for ((i = 1; i < ${#pieces[@]}; i += 2)); do
    piece=${pieces[i]}
    [[ $piece != *'\u'* ]] || __berth_unescape "$piece"
    printf -v text %b "$piece"
    __berth_fields+=("$text")
    [[ ! ${pieces[i + 1]} =~ ^:\ *([0-9]+) ]] || __berth_fields+=("${BASH_REMATCH[1]}")
  done
}

# Replaces \uXXXX in `piece` by the bytes of its UTF-8, as escapes for printf %b. NUL, which bash cannot hold, is left out.
__berth_unescape() {
  local rest=$1 code low
  piece=
  while [[ $rest == *'\u'* ]]; do
    piece+=${rest%%'\u'*}
    rest=${rest#*'\u'}
    code=$((16#${rest:0:4}))
    rest=${rest:4}
    if ((code >= 0xd800 && code < 0xdc00)) && [[ $rest == '\u'[dD][c-fC-F]* ]]; then
      low=$((16#${rest:2:4}))
      rest=${rest:6}
      code=$((0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)))
    elif ((code >= 0xd800 && code < 0xe000)); then
      code=$((0xfffd))
    fi
    if ((code == 0)); then continue; fi
    if ((code < 0x80)); then
      printf -v low '\\x%02x' "$code"
    elif ((code < 0x800)); then
      printf -v low '\\x%02x' $((0xc0 | code >> 6)) $((0x80 | code & 63))
    elif ((code < 0x10000)); then
      printf -v low '\\x%02x' $((0xe0 | code >> 12)) $((0x80 | code >> 6 & 63)) $((0x80 | code & 63))
    else
      printf -v low '\\x%02x' $((0xf0 | code >> 18)) $((0x80 | code >> 12 & 63)) $((0x80 | code >> 6 & 63)) $((0x80 | code & 63))
    fi
    piece+=$low
  done
  piece+=$rest
}

# Sets __berth_json to $1 as a JSON string.
__berth_encode() {
  local LC_ALL=C text=$1 i char code
  text=${text//'\'/'\\'}
  text=${text//'"'/'\"'}
  text=${text//$'\n'/'\n'}
  text=${text//$'\t'/'\t'}
  if [[ $text == *[[:cntrl:]]* ]]; then
    for ((i = 1; i < 32; i++)); do
      printf -v code '\\u%04x' "$i"
      printf -v char %b "\\x${code:4}"
      text=${text//"$char"/"$code"}
    done
  fi
  __berth_json=\"$text\"
}

__berth_tell() { printf '%s\n' "$1" >&"$__berth_out"; }

# The next message, in __berth_fields. False at the end.
__berth_receive() {
  local IFS= rest
  # In two steps, so that at any moment the message is seen to be here or on its way.
  builtin read -r -N 1 -u "$__berth_in" __berth_line && builtin read -r -u "$__berth_in" rest || return
  __berth_decode "$__berth_line$rest"
}

# Sets __berth_value to what the message has under $1.
__berth_field() {
  local i
  __berth_value=
  for ((i = 0; i < ${#__berth_fields[@]}; i += 2)); do
    [[ ${__berth_fields[i]} != "$1" ]] || __berth_value=${__berth_fields[i + 1]}
  done
}

# Asks for a line: the answer in __berth_value, false at the end of input. $1: prompt, $2: whether it is a password.
__berth_ask() {
  __berth_encode "$1"
  __berth_tell "{\"op\":\"input\",\"prompt\":$__berth_json,\"password\":$2}"
  __berth_receive && __berth_field op && [[ $__berth_value == input ]] && __berth_field text
}

# `read` from the session's own standard input asks the user; any other is bash's own.
read() {
  local __berth_prompt= __berth_password=false __berth_plain= __berth_text __berth_option
  local -a __berth_kept=()
  local OPTIND=1 OPTARG OPTERR=0
  while getopts ersa:d:i:n:N:p:t:u: __berth_option; do
    case $__berth_option in
      p) __berth_prompt=$OPTARG ;;
      s) __berth_password=true ;;
      r) __berth_kept+=(-r) ;;
      a | d | n | N) __berth_kept+=("-$__berth_option" "$OPTARG") ;;
      u | t | '?') __berth_plain=1 ;;
    esac
  done
  if [[ $__berth_plain || ! /proc/self/fd/0 -ef /dev/null ]]; then
    builtin read "$@"
    return
  fi
  __berth_ask "$__berth_prompt" "$__berth_password" || __berth_value=
  __berth_text=$__berth_value
  shift $((OPTIND - 1))
  builtin read "${__berth_kept[@]}" "$@" < <(printf %s "$__berth_text")
}

# What SIGINT does in a run: the user's action, or the end of the run.
__berth_arm() { builtin trap -- "${__berth_int_action:-__berth_interrupted=true; builtin exit 130}" INT; }

# What SIGINT does between runs: nothing, unless the next one is on its way, or here but not yet started.
__berth_disarm() { builtin trap 'if [[ $__berth_line ]] || builtin read -t 0 -u "$__berth_in"; then __berth_early=1; fi' INT; }

# What an heir needs to go on as this shell, as code.
__berth_state() {
  local __berth_name
  while IFS= builtin read -r __berth_name; do
    case $__berth_name in
      __berth_name | __berth_heir | __berth_in | __berth_out | __berth_std* | __berth_f* | __berth_line | _ | BASH_* | BASHOPTS | BASHPID | COMP_* | DIRSTACK | EPOCH* | \
        EUID | FUNCNAME | GROUPS | LINENO | PIPESTATUS | PPID | RANDOM | SECONDS | SHELLOPTS | SHLVL | SRANDOM | UID) ;;
      *) declare -p "$__berth_name" ;;
    esac
  done < <(compgen -v)
  unset -f trap
  declare -f
  declare -Fx
  shopt -p
  alias -p
  builtin trap -p
  printf 'set --'
  (($# == 0)) || printf ' %q' "$@"
  printf '\n'
}

# The shell ends within a run, with __berth_last: an heir goes on. $@: the shell's own. The standard streams are as at the start:
# what was cut short may have been redirected.
__berth_succeed() {
  exec "$BASH" -c "$BASH_EXECUTION_STRING" bash "$__berth_last" 98<<<"$(__berth_state "$@")" 2>&"$__berth_stderr" 1>&"$__berth_stdout" 99>&1 0<&"$__berth_in" 1>&"$__berth_out"
}

# Puts away the user's options that would get in our way; the next run begins with them again.
__berth_rest() {
  __berth_options=${-//[!aefuvx]/}
  set +aefuvx
}

# Reports the end of a run, if there is one: $1 is its code.
__berth_finish() {
  __berth_disarm
  # An heir comes here twice: an interrupt of the next run, which may come as soon as the first end is told, must outlive the second.
  [[ $__berth_run ]] || return 0
  __berth_line= __berth_early=
  __berth_last=$1
  __berth_encode "$__berth_run"
  __berth_tell "{\"op\":\"done\",\"id\":$__berth_json,\"exitCode\":$1,\"interrupted\":$__berth_interrupted}"
  __berth_run= __berth_interrupted=false
}

# Sets $? to what the last run left there. A run that `break` ends says nothing else, so it ends with 0.
__berth_status() {
  local last=$__berth_last
  __berth_last=0
  return "$last"
}

# Waits for code to run, in __berth_code. False when the runner is gone.
__berth_next() {
  while __berth_receive; do
    __berth_field op
    case $__berth_value in
      run)
        __berth_field id
        __berth_run=$__berth_value
        __berth_field code
        __berth_code=$__berth_value
        return
        ;;
      complete) __berth_complete ;;
    esac
    __berth_line=
  done
  return 1
}

# Names that may stand where the last word before the cursor stands.
__berth_complete() {
  local id code cursor word match list= LC_ALL=C.UTF-8
  local -A seen=()
  __berth_field id; id=$__berth_value
  __berth_field cursor; cursor=$__berth_value
  __berth_field code; code=${__berth_value:0:cursor}
  word=${code##*[[:space:]\;\|\&\(\)\<\>=\`\"\']}
  while IFS= builtin read -r match; do
    [[ $match != __berth_* && ! ${seen[_$match]-} ]] || continue
    seen[_$match]=1
    __berth_encode "$match"
    list+=${list:+,}$__berth_json
  done < <(
    case $word in
      *\$*) compgen -v -P "${word%\$*}$" -- "${word##*\$}" ;;
      */*) compgen -f -- "$word" ;;
      *) compgen -c -- "$word"; compgen -f -- "$word" ;;
    esac
  )
  __berth_encode "$id"
  __berth_tell "{\"op\":\"matches\",\"id\":$__berth_json,\"matches\":[$list]}"
}

__berth_last=0
if [[ $__berth_heir ]]; then
  . /dev/fd/98 2>/dev/null # before `trap` is ours: the state has plain ones
  exec 98<&-
else
  __berth_disarm
  __berth_tell "{\"op\":\"ready\",\"version\":\"bash ${BASH_VERSION%%[^0-9.]*}\"}"
fi
# EXIT and INT are ours in the session's shell; there, the user's actions are kept for their time.
trap() {
  local __berth_action __berth_signal
  if ((BASHPID != $$ || $# < 2)) || [[ $1 == -[lp]* ]]; then
    builtin trap "$@"
    return
  fi
  [[ $1 != -- ]] || shift
  __berth_action=$1
  shift
  for __berth_signal; do
    case $__berth_signal in
      EXIT | exit | 0) __berth_exit_action=${__berth_action#-} ;;
      INT | SIGINT | int | sigint | 2)
        __berth_int_action=${__berth_action#-}
        __berth_arm
        ;;
      *) builtin trap -- "$__berth_action" "$__berth_signal" ;;
    esac
  done
}

builtin trap '{ __berth_last=$?; __berth_rest; } 2>/dev/null; __berth_succeed "$@"' EXIT
if [[ $__berth_heir ]]; then
  __berth_arm
  __berth_code=$__berth_exit_action __berth_exit_action=
  eval "$__berth_code"
  __berth_finish "$__berth_heir"
fi

# At the top level, so that `declare` in user code is global. Two loops, because `break` and `continue` in user code act on
# these: they end the run.
while :; do
  while :; do
    { __berth_finish "$__berth_last"; __berth_next || { builtin trap - EXIT; builtin exit; }; __berth_arm; } 2>/dev/null
    if [[ $__berth_early ]]; then __berth_early= && kill -INT $$; fi
    __berth_status
    eval "${__berth_options:+set -$__berth_options; }$__berth_code"
    { __berth_last=$?; __berth_rest; } 2>/dev/null
  done
done
