// Package edge is what stands between the network and fasthttp's server: a
// listener whose connections keep the time limits and hand out one request at a
// time, and the strict reading of request heads.
//
// It promises: a request that is slower than its limit is cut off, never early
// and at most one tick of the clock late; a connection in use sets a deadline
// every few seconds and not three for every request; a head that ReadHead
// accepts is one that RFC 9110 and RFC 9112 allow, and means the same to every
// server that follows them, except where ReadHead says otherwise.
//
// Where a head and a body end is decided twice, by a connection's frame and by
// fasthttp, which also refuses much by itself; a request whose ends differ must be
// refused, see Conn.Whole. It knows nothing of devices and codes.
package edge
