package gateway

import (
	"sync"

	"github.com/valyala/fasthttp"
)

// Bounds on the batches in progress: being received, judged or answered. A batch
// takes at most 430 KiB, body and answer, so all of them take at most 108 MiB.
const (
	batchSlots = 256
	// deviceSlots bounds the batches of one device. A handheld sends one at a time; a
	// stolen credential must not block the batches of other devices.
	deviceSlots = 64
)

// slots bounds the batches in progress. A request acquires its slot once its head is
// read and before its body is, and releases it when the answer is written or the
// request has failed. The key is the request's header, which the server reuses only
// after that.
type slots struct {
	mu      sync.Mutex
	taken   map[*fasthttp.RequestHeader]*Device
	devices map[*Device]int
}

func newSlots() *slots {
	return &slots{taken: map[*fasthttp.RequestHeader]*Device{}, devices: map[*Device]int{}}
}

// acquire reports whether the request has a slot now. A request that has one keeps it.
func (p *slots) acquire(h *fasthttp.RequestHeader, d *Device) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[h] == d {
		return true
	}
	p.releaseLocked(h) // left by an earlier request whose end was not reported
	if len(p.taken) >= batchSlots || p.devices[d] >= deviceSlots {
		return false
	}
	p.taken[h] = d
	p.devices[d]++
	return true
}

// has reports whether the request has a slot.
func (p *slots) has(h *fasthttp.RequestHeader) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[h] != nil
}

// release frees the slot of the request, if it has one.
func (p *slots) release(h *fasthttp.RequestHeader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.releaseLocked(h)
}

// releaseLocked is release for callers that hold p.mu.
func (p *slots) releaseLocked(h *fasthttp.RequestHeader) {
	d := p.taken[h]
	if d == nil {
		return
	}
	delete(p.taken, h)
	if p.devices[d]--; p.devices[d] == 0 {
		delete(p.devices, d)
	}
}

// count returns the number of slots in use.
func (p *slots) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}
