// Package pgproxy is a proxy between a client and a PostgreSQL server that understands
// their protocol: it counts round trips, records messages, delays them, and breaks the
// connection at a chosen message. It is for tests and benchmarks.
//
// The proxy listens on loopback. It forwards every byte unchanged and doesn't split
// what arrives together, with one exception: it declines TLS and GSSAPI encryption,
// because it couldn't read encrypted messages. So it can't be used with a server that
// requires encryption. Each connection of a client, including that of a CancelRequest,
// is one connection to the server.
//
// # Round trips
//
// A client waits for the server once it has sent a message that the server has to
// respond to: Query, FunctionCall, Sync or Flush. A round trip is counted when the
// response ends, before its end is forwarded:
//
//   - at ReadyForQuery, if the client has sent such a message since the last round trip
//     was counted. Further ones before that ReadyForQuery is forwarded belong to the
//     same round trip, so a pipeline counts once.
//   - at the first message of any response, if the client has only sent Flush since,
//     because the server doesn't mark the end there.
//
// NoticeResponse, NotificationResponse and ParameterStatus aren't responses. COPY FROM
// STDIN counts as one round trip: whether a client waits for CopyInResponse, which pgx
// doesn't, can't be observed. Start-up and authentication, up to and including the
// first ReadyForQuery, aren't counted.
//
// # Faults
//
// A [Fault] is when (Match), where (Moment) and what (Action). It acts when the message
// is due to be forwarded: after the delay of [Proxy.SetRTT], and after everything
// before it has been forwarded.
//
// # Delay
//
// Arriving bytes are stamped with the time at which they are due on the other side, and
// wait in a queue, one for each direction of a connection: the delay adds latency
// without limiting throughput. Go's timers are up to 1 ms late on an idle Linux machine
// (epoll_wait counts in milliseconds). A timerfd was 30 to 60 µs late on the same
// machine, most of which is the time a sleeping processor needs to wake. So the proxy
// uses a timerfd, sets it earlier by its recent lateness, and yields for the rest.
// Nothing arrives early; [Proxy.MeasureRTT] measures how late.
package pgproxy
