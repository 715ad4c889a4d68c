# Stops a private PostgreSQL server once its owner has ended.
#
#     sh -c SCRIPT NAME DATA [THROWAWAY]
#
# Standard input is a pipe whose other end only the owner holds. A line is the
# process id of the postmaster to guard; an empty line means that there is none.
# End of file means that the owner has ended, in whatever way.

data=$1
throwaway=$2
pid=

trap '' HUP INT QUIT TERM
while read -r line; do
	pid=$line
done

alive() {
	[ -n "$pid" ] && kill -0 "$pid"
}

# The id may belong to another process by now, so postmaster.pid must have it.
running() {
	alive && read -r named <"$data/postmaster.pid" && [ "$named" = "$pid" ]
}

starting() {
	alive && ! running
}

# initdb may still be writing to the directory.
remaining() {
	rm -rf -- "$throwaway"
	[ -e "$throwaway" ]
}

# wait_while CONDITION TENTHS waits for at most so many tenths of a second.
wait_while() {
	tenths=$2
	while [ "$tenths" -gt 0 ] && "$1"; do
		sleep 0.1
		tenths=$((tenths - 1))
	done
}

wait_while starting 20
for signal in INT QUIT KILL; do
	running || break
	kill -s "$signal" "$pid"
	wait_while running 100
done

if [ -n "$throwaway" ]; then
	wait_while remaining 100
fi
