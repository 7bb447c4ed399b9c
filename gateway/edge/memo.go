package edge

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// MemoBytes is the longest head that a Memo remembers. A gate's has about 250.
const MemoBytes = 1 << 10

// Memo remembers one request head, byte for byte, and what it meant: a gate
// sends the same head with every request, and it need not be judged again.
//
// The meaning must follow from what ReadHead is given and from what never
// changes; then a remembered answer is the one that judging again would give.
// The head's bytes, and so a credential, stay in memory as long as the memo.
type Memo[M any] struct {
	Meaning M

	head []byte // method, target, protocol and raw header lines, one after the other
	// Where in head the first three end.
	methodEnd, targetEnd, protocolEnd int
}

// Same says whether h is the head that is remembered. An empty memo knows none.
func (m *Memo[M]) Same(h *fasthttp.RequestHeader) bool {
	lines := h.RawHeaders()
	return len(m.head) == m.protocolEnd+len(lines) && len(m.head) > 0 &&
		bytes.Equal(m.head[m.protocolEnd:], lines) &&
		bytes.Equal(m.head[m.methodEnd:m.targetEnd], h.RequestURI()) &&
		bytes.Equal(m.head[:m.methodEnd], h.Method()) &&
		bytes.Equal(m.head[m.targetEnd:m.protocolEnd], h.Protocol())
}

// Remember takes h and its meaning in place of the ones before. A head that is
// too long is not remembered, nor is any other then.
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
