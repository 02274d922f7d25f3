# Runs a server and stops it when told or when its owner is gone: run.sh LOG SERVER ARGUMENT …
# A line on the input is a fast shutdown, the end of the input an immediate one.
log=$1
shift
exec 4<&0 </dev/null # kept as 4: a shell takes the input away from what it runs in the background
"$@" 4<&- 2>>"$log" &
server=$!
{
  read -r line && kill -INT "$server" && read -r line
  # Again and again: a server just born does not listen to signals yet.
  while kill -QUIT "$server"; do sleep 1; done
} <&4 >/dev/null 2>&1 3>&- & # without the pipes by which others see that the server is gone
watcher=$!
exec 4<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
