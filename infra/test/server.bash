# The verbs that infra/test/mysql and infra/test/mariadb share; sourced by them, not run.
#
# Not here: how a server is found, fetched, initialised and which options it takes. The sourcing script
# defines that: NAME, PORT_DEFAULT, INSTALL_HINT, and the functions find_server (sets the arrays SERVER and
# CLIENT, or fails), fetch_server, initialise DATA and server_options (sets the array OPTIONS).
set -euo pipefail

PASSWORD=secret
CACHE=${CATCHMENT_TEST_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/catchment-test}
SERVER=() CLIENT=() OPTIONS=()

say() { echo "$NAME: $*" >&2; }
die() { say "$@"; exit 1; }

main() {
  local verb=${1:-help}
  [ $# -eq 0 ] || shift
  PORT=$PORT_DEFAULT
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    PORT=$1
    shift
  fi
  use_folder
  case $verb in
    available) find_server ;;
    fetch) find_server || fetch ;;
    start) start "$@" ;;
    status) answers ;;
    url) echo "$URL" ;;
    sql) sql "$@" ;;
    stop) stop TERM ;;
    kill9) stop KILL ;;
    wipe)
      stop TERM
      rm -rf "$FOLDER"
      ;;
    help) sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0" ;;
    *)
      say "unknown verb \`$verb\`; \`$0 help\` lists them"
      exit 2
      ;;
  esac
}

use_folder() {
  FOLDER=$CACHE/$NAME-$PORT
  DATA=$FOLDER/data
  LOG=$FOLDER/server.log
  URL=mysql://root:$PASSWORD@127.0.0.1:$PORT/
}

start() {
  find_server || fetch
  if [ "$PORT" = 0 ]; then claim_free_port; fi
  mkdir -p "$FOLDER/tmp"
  # A server that starts removes from this folder what looks like another one's temporary tables.
  export TMPDIR=$FOLDER/tmp
  # Two harnesses may ask for one port at once: the second waits, then finds the server up.
  exec 9>"$FOLDER/lock"
  if command -v flock >/dev/null; then flock 9; fi
  if alive && answers; then
    say "already up on port $PORT"
  else
    if port_taken "$PORT"; then die "port $PORT is taken by another program; choose another, or 0 for a free one"; fi
    prepare
    launch "$@"
  fi
  echo "$URL"
}

prepare() {
  if [ -e "$FOLDER/initialised" ]; then return; fi
  rm -rf "$DATA"
  initialise "$DATA" >"$FOLDER/init.log" 2>&1 || {
    tail -n 20 "$FOLDER/init.log" >&2
    die "the data folder could not be made, see $FOLDER/init.log"
  }
  # Run at each start, before the server listens. MariaDB comes with a root@127.0.0.1 that would go before root@%.
  cat >"$FOLDER/accounts.sql" <<SQL
DROP USER IF EXISTS 'root'@'127.0.0.1';
CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY '$PASSWORD';
CREATE DATABASE IF NOT EXISTS app CHARACTER SET utf8mb4;
GRANT ALL ON app.* TO 'app'@'%';
GRANT ALL ON \`app\_%\`.* TO 'app'@'%';
SQL
  touch "$FOLDER/initialised"
}

launch() {
  server_options
  # Relative to the data folder: an absolute socket path may pass the kernel's 107 characters.
  local all=("${OPTIONS[@]}" --datadir="$DATA" --socket=server.sock --pid-file="$FOLDER/server.pid"
    --port="$PORT" --bind-address=127.0.0.1 --skip-name-resolve --init-file="$FOLDER/accounts.sql"
    --log-error="$LOG" --max-connections=400 --innodb-buffer-pool-size=128M --character-set-server=utf8mb4)
  if [ "$(id -u)" = 0 ]; then all+=(--user=root); fi
  rm -f "$DATA"/server.sock* # left over from a crash
  : >"$LOG"
  set -m # a process group of its own: an interrupt at the terminal is not the server's
  "${SERVER[@]}" "${all[@]}" "$@" >>"$LOG" 2>&1 </dev/null 9>&- &
  set +m
  disown
  local pid=$!
  echo "$pid" >"$FOLDER/pid"
  for _ in $(seq 600); do
    if answers; then
      follow_owner
      say "up on port $PORT, pid $pid"
      return
    fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$LOG" >&2
  stop KILL
  die "no answer on port $PORT, see $LOG"
}

# Waits beside the server for the end of the process in CATCHMENT_TEST_OWNER.
follow_owner() {
  local owner=${CATCHMENT_TEST_OWNER:-}
  if [ -z "$owner" ]; then return; fi
  set -m
  (
    while kill -0 "$owner" 2>/dev/null; do sleep 0.5; done
    "$0" wipe "$PORT"
  ) >/dev/null 2>&1 </dev/null 9>&- &
  set +m
  disown
}

stop() {
  local pid
  if ! alive; then return; fi
  pid=$(cat "$FOLDER/pid")
  kill -"$1" "$pid" 2>/dev/null || true
  for _ in $(seq 600); do
    if exited "$pid"; then
      rm -f "$FOLDER/pid"
      return
    fi
    sleep 0.1
  done
  die "pid $pid does not stop, see $LOG"
}

# A killed server holds its port and files until its last thread has ended. In a container nobody may collect it
# then: a zombie without threads has exited too.
exited() {
  ! kill -0 "$1" 2>/dev/null || grep -A 99 '^State:.Z' "/proc/$1/status" 2>/dev/null | grep -q '^Threads:.1$'
}

sql() {
  [ ${#CLIENT[@]} -gt 0 ] || find_server || die "there is no client; $INSTALL_HINT"
  MYSQL_PWD=$PASSWORD "${CLIENT[@]}" --no-defaults --host=127.0.0.1 --port="$PORT" --user=root \
    --default-character-set=utf8mb4 --connect-timeout=5 "$@"
}

answers() { sql --execute='SELECT 1' >/dev/null 2>&1; }

# A pid may have been given to another program since: its command line must name our data folder.
alive() {
  local pid
  pid=$(cat "$FOLDER/pid" 2>/dev/null) || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2>/dev/null | grep -qF -- "--datadir=$DATA "
}

fetch() {
  fetch_server || die "no server to be had; $INSTALL_HINT"
  find_server || die "what was fetched does not run; $INSTALL_HINT"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets PORT. Making the folder is the claim: of two callers only one can.
claim_free_port() {
  mkdir -p "$CACHE"
  for _ in $(seq 200); do
    PORT=$((20000 + RANDOM % 10000)) # below the ports that the kernel gives to outgoing connections
    use_folder
    if ! port_taken "$PORT" && mkdir "$FOLDER" 2>/dev/null; then return; fi
  done
  die "no free port between 20000 and 29999"
}
