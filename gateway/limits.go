package gateway

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
)

// Limits of the public listener. A gate's request is a few hundred bytes and
// arrives at once: whatever is slower or larger is not a gate.
const (
	headerBytes = 4 << 10 // request line and headers
	bodyBytes   = 1 << 10 // a code is 192 characters
	// batchBytes is twice what batch.Max scans take, for those who write JSON with
	// much space or many escapes.
	batchBytes = 128 << 10
	// keptBytes of a batch's body may stay with its connection.
	keptBytes = 4 << 10
)

// MaxConnections bounds memory: about 12 KiB each when idle.
const MaxConnections = 32 << 10

var limits = edge.Limits{
	Read:  5 * time.Second,  // a whole request, header and body
	Write: 5 * time.Second,  // a whole answer
	Idle:  75 * time.Second, // between requests: above the 60 s that proxies keep connections
}

// bodyLimit is asked when a head was read and its body was not. A route with
// larger bodies gets a case here. The head is not judged yet: what has no case,
// and is refused later, has the server's limit, which is bodyBytes as well.
func (g *Gateway) bodyLimit(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	// Only for who may send batches, and has a place: every connection that sends
	// one holds as much memory as the body is said to have.
	if isBatch(h) {
		if d := g.sender(h); d != nil && d.Offline && g.slots.acquire(h, d) {
			return fasthttp.RequestConfig{MaxRequestBodySize: batchBytes}
		}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: bodyBytes}
}

// isBatch says whether an unjudged head is that of a batch. In absolute form it is
// not found to be one: batches are larger than bodyBytes only in origin form.
func isBatch(h *fasthttp.RequestHeader) bool {
	path, _, _ := bytes.Cut(h.RequestURI(), questionMark)
	return string(path) == checksPath
}

// sender is the device that an unjudged head names, or nil.
func (g *Gateway) sender(h *fasthttp.RequestHeader) *Device {
	return g.Devices.authenticate(h.Peek(fasthttp.HeaderAuthorization))
}

var questionMark = []byte{'?'}
