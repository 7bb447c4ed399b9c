package gateway

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
)

// Limits of the public listener. A gate's request has a few hundred bytes and arrives
// in one piece: slower or larger requests do not come from gates.
const (
	headerBytes = 4 << 10 // request line and headers
	bodyBytes   = 1 << 10 // a code is 192 characters
	// batchBytes is twice the size of batch.Max scans, which allows for JSON with
	// much white space or many escapes.
	batchBytes = 128 << 10
	// keptBytes is the most of a batch's body buffer that stays with its connection.
	keptBytes = 4 << 10
)

// MaxConnections bounds memory: about 12 KiB each when idle.
const MaxConnections = 32 << 10

var limits = edge.Limits{
	Read:  5 * time.Second,  // a whole request, header and body
	Write: 5 * time.Second,  // a whole answer
	Idle:  75 * time.Second, // between requests: above the 60 s that proxies keep connections
}

// bodyLimit returns the limit of a body whose head was read. A route with larger
// bodies gets a case here. The head is not validated yet: requests without a case,
// including those refused later, get bodyBytes, which is the server's limit too.
func (g *Gateway) bodyLimit(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	// Only for devices that may send batches and have a slot: fasthttp allocates the
	// announced size of the body on each connection.
	if isBatch(h) {
		if d := g.sender(h); d != nil && d.Offline && g.slots.acquire(h, d) {
			return fasthttp.RequestConfig{MaxRequestBodySize: batchBytes}
		}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: bodyBytes}
}

// isBatch reports whether an unvalidated head is that of a batch. A batch in absolute
// form is not recognized, so bodies above bodyBytes need the origin form.
func isBatch(h *fasthttp.RequestHeader) bool {
	path, _, _ := bytes.Cut(h.RequestURI(), questionMark)
	return string(path) == checksPath
}

// sender returns the device that an unvalidated head names, or nil.
func (g *Gateway) sender(h *fasthttp.RequestHeader) *Device {
	return g.Devices.authenticate(h.Peek(fasthttp.HeaderAuthorization))
}

var questionMark = []byte{'?'}
