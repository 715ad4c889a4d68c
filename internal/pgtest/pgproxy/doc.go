// Package pgproxy stands between a client and a PostgreSQL server and sees what
// they say to each other: it counts round trips, records messages, delays them,
// and breaks the connection at a chosen one. It is for tests and benchmarks
// alone.
//
// The proxy listens on loopback. It changes no byte that it passes on and keeps
// what arrives together together, with one exception: it answers requests for
// TLS and for GSSAPI encryption with no, because it would see nothing of them.
// So it can't stand before a server that takes only encrypted connections.
// Each connection of a client, that of a CancelRequest too, is one to the server.
//
// # Round trips
//
// A client has asked once it has sent what obliges the server to answer: Query,
// FunctionCall, Sync or Flush. A round trip is counted when the server's answer
// to it ends, before the end is passed on:
//
//   - with ReadyForQuery, when the client has asked since the last round trip
//     was counted. What it asks before that ReadyForQuery is passed on shares the
//     round trip, so a pipeline counts once.
//   - with the first message of any answer, when the client has only asked by
//     Flush since, because the server marks no end there.
//
// NoticeResponse, NotificationResponse and ParameterStatus answer nothing.
// COPY FROM STDIN counts as one: whether a client waits for CopyInResponse,
// which pgx doesn't, can't be seen from outside. Starting up and signing in
// count nothing, up to and including the first ReadyForQuery.
//
// # Faults
//
// A [Fault] is when (Match), where (Moment) and what (Action). It acts at the
// moment when the message is due to be passed on, which is after the delay of
// [Proxy.SetRTT] and after everything that was said before it has been passed on.
//
// # Delay
//
// What arrives is stamped with the time at which it is due on the other side,
// and waits in a queue, one for each direction of a connection: the delay adds
// to the time on the way and takes nothing from what can be on its way. Go's
// timers are up to 1 ms late on Linux when nothing else runs (they wait in
// epoll_wait, which counts milliseconds). A timerfd was 30 to 60 µs late on the
// same machine, mostly the time that a sleeping processor takes to wake, so the
// proxy uses that, sets it earlier by how late it was lately, and yields for
// what remains. Never does anything arrive early; [Proxy.MeasureRTT] tells how
// late.
package pgproxy
