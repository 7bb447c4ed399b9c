// Package edge connects the network to fasthttp's server: a listener whose
// connections enforce the time limits and pass on one request at a time, and the
// strict reading of request heads.
//
// It promises: a request that exceeds its limit is ended, never early and at most one
// tick of the clock late. A connection in use sets a deadline every few seconds, not
// three for every request. A head that [ReadHead] accepts conforms to RFC 9110 and
// RFC 9112, and means the same to every server that conforms to them, with the
// exceptions that ReadHead documents.
//
// The end of a head and of a body is determined twice: by the connection's frame and
// by fasthttp, which refuses many requests by its own rules. A request whose two ends
// differ must be refused, see [Conn.Whole]. The package does not know devices or codes.
package edge
