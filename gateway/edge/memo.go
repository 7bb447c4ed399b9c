package edge

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// MemoBytes is the longest head that a Memo remembers. A gate's head has about 250 bytes.
const MemoBytes = 1 << 10

// Memo remembers one request head, byte for byte, and its meaning: a gate sends the same
// head with every request, and validating it once is enough.
//
// The meaning must depend only on the input of [ReadHead] and on data that never
// changes; then a remembered meaning equals a new one. The head's bytes, including the
// credential, stay in memory as long as the memo.
type Memo[M any] struct {
	Meaning M

	head []byte // method, target, protocol and raw header lines, one after the other
	// Where in head the first three end.
	methodEnd, targetEnd, protocolEnd int
}

// Same reports whether h is the remembered head. An empty memo matches no head.
func (m *Memo[M]) Same(h *fasthttp.RequestHeader) bool {
	lines := h.RawHeaders()
	return len(m.head) == m.protocolEnd+len(lines) && len(m.head) > 0 &&
		bytes.Equal(m.head[m.protocolEnd:], lines) &&
		bytes.Equal(m.head[m.methodEnd:m.targetEnd], h.RequestURI()) &&
		bytes.Equal(m.head[:m.methodEnd], h.Method()) &&
		bytes.Equal(m.head[m.targetEnd:m.protocolEnd], h.Protocol())
}

// Remember replaces the remembered head and meaning. A head that is too long is not
// remembered; the memo is then empty.
func (m *Memo[M]) Remember(h *fasthttp.RequestHeader, meaning M) {
	m.head = m.head[:0]
	method, target, protocol, lines := h.Method(), h.RequestURI(), h.Protocol(), h.RawHeaders()
	if len(method)+len(target)+len(protocol)+len(lines) > MemoBytes {
		return
	}
	m.head = append(m.head, method...)
	m.methodEnd = len(m.head)
	m.head = append(m.head, target...)
	m.targetEnd = len(m.head)
	m.head = append(m.head, protocol...)
	m.protocolEnd = len(m.head)
	m.head = append(m.head, lines...)
	m.Meaning = meaning
}
