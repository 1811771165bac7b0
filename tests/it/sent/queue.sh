#!/bin/sh
# A scheduler for tests: `queue.sh submit NAME LOG WORD…` prints noise and the id of a job, `status ID` ends with 0 while the job
# is there, `cancel ID` ends it. The file `mood` beside it makes it lose the next job, run it twice, or let it wait for
# three seconds.
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/jobs"
act=$1
shift
case $act in
submit)
    id=${QUEUE_ID:-$(date +%s%N)}
    job=$here/jobs/$id log=$2 mood=$(cat "$here/mood" 2>/dev/null)
    echo "$1" >> "$here/names"
    shift 2
    rm -f "$here/mood"
    mkdir "$job"
    # As schedulers do, it starts jobs wherever it likes.
    run() { cd / && setsid sh -c 'echo $$ > "$0/pid"; exec "$@"' "$job" "$@" >> "$log" 2>&1; touch "$job/ended"; }
    case $mood in
    lose) touch "$job/ended" ;;
    twice) (run "$@" &) ; (run "$@" &) ;;
    delay) (sleep 3 && run "$@" &) ;;
    *) (run "$@" &) ;;
    esac > /dev/null 2>&1 < /dev/null
    echo "welcome to the queue"
    echo "$id"
    ;;
status) [ -d "$here/jobs/$1" ] && [ ! -f "$here/jobs/$1/ended" ] ;;
cancel) kill "$(cat "$here/jobs/$1/pid")" ;;
esac
